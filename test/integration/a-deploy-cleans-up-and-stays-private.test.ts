import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaandError } from "@maand/core";
import { contentHash } from "@maand/core/internal";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StagedTrees } from "../../packages/core/src/deploy/stage/staged-trees.ts";
import { treeDigest } from "../../packages/core/src/domain/deploy/digest.ts";
import { deployments } from "../../packages/core/src/store/views/deployments.ts";

const [A, B, C] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"] as const;
const V1 = { version: "1.0.0", selectors: ["worker"] };

let bucket: TestBucket;

beforeEach(() => {
  bucket = aBucket();
  bucket.workers(A, B);
});

afterEach(() => bucket.dispose());

/** The operations since the last call, without file transfers. */
function since(): string[] {
  return bucket.fleet.done.splice(0).filter((what) => !what.startsWith("stage"));
}

describe("a deploy that removes allocations", () => {
  beforeEach(async () => {
    for (const job of ["m", "n", "other"]) bucket.job(job, V1);
    await bucket.ship();
    since();
    for (const job of ["m", "n"]) bucket.removeJob(job);
  });

  it("does not stop a removed allocation again if another allocation fails, and deploys other jobs", async () => {
    bucket.job("other", { ...V1, version: "2.0.0" });
    bucket.fleet.fail(`stop n@${A}`);
    expect((await bucket.ship()).outcome).toBe("failed");
    expect(since().sort()).toEqual([
      `remove m@${A}`,
      `remove m@${B}`,
      `remove n@${B}`,
      `restart other@${A}`,
      `restart other@${B}`,
      `stop m@${A}`,
      `stop m@${B}`,
      `stop n@${B}`,
    ]);
    bucket.fleet.repair();
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(since()).toEqual([`stop n@${A}`, `remove n@${A}`]);
  });

  it("reports a stop that fails on a removed worker as failed, and the next deploy retries the stop", async () => {
    bucket.workers(A);
    bucket.fleet.fail(`stop other@${B}`);
    const { allocations, warnings } = await bucket.ship();
    expect(allocations.find(({ job, host }) => job === "other" && host === B)).toMatchObject({ outcome: "failed" });
    expect(warnings).toEqual([]);
    since();
    bucket.fleet.repair();
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(since()).toEqual([`stop other@${B}`, `remove other@${B}`]);
  });

  it("warns about a removed worker that is unreachable, and every later deploy tries to reach it again", async () => {
    bucket.workers(A);
    bucket.fleet.fail(`connect ${B}`, new MaandError({ code: "UNREACHABLE", message: `cannot reach ${B}` }));
    for (let again = 0; again < 2; again += 1) {
      const { outcome, warnings } = await bucket.ship();
      expect(outcome).toBe("failed");
      expect(warnings.filter((line) => line.includes("may still be running"))).toHaveLength(3);
    }
    since();
    bucket.fleet.repair();
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(since().sort()).toEqual(
      ["m", "n", "other"].flatMap((job) => [`remove ${job}@${B}`, `stop ${job}@${B}`]).sort(),
    );
    expect(Object.keys(bucket.fleet.running())).toEqual([`other@${A}`]);
  });
});

it("a deploy syncs files only to the workers of their job", async () => {
  bucket.workers({ host: A, labels: ["db"] }, { host: B, labels: ["web"] }, C);
  bucket.job("db", { ...V1, selectors: ["db"] });
  bucket.job("web", { ...V1, selectors: ["web"] });
  await bucket.ship();
  expect(bucket.fleet.connected.sort()).toEqual([A, B]);
  expect([bucket.fleet.at("db", A)?.running, bucket.fleet.at("web", B)?.running]).toEqual(["1.0.0", "1.0.0"]);
  expect([bucket.fleet.at("web", A), bucket.fleet.at("db", B)]).toEqual([undefined, undefined]);
});

it("a deploy never syncs a staged tree that differs from the plan", () => {
  const root = mkdtempSync(join(tmpdir(), "maand-trees-"));
  const content = Buffer.from("start:\n");
  const file = { path: "Makefile", hash: contentHash(content), executable: false, size: content.length };
  const tree = { files: [file] };
  const other = { files: [{ ...file, hash: contentHash("another"), content }] };
  const trees = new StagedTrees(root, () => [content]);
  const write = (digest: string, what: typeof tree | typeof other) =>
    trees.write(A, [{ job: "api", tree: what, digest }], new Map());
  expect(write(treeDigest(tree.files), tree)).toHaveLength(2);
  expect(() => write(treeDigest(other.files), other)).toThrow(expect.objectContaining({ code: "TREE_CHANGED" }));
  rmSync(root, { recursive: true });
});

it("a deploy keeps staged files private, and deletes them at its end", async () => {
  bucket.job("api", V1);
  const tmp = join(bucket.root, "tmp");
  const modes: number[] = [];
  bucket.fleet.onDo = () => {
    for (const path of [tmp, ...readdirSync(tmp).map((name) => join(tmp, name))])
      modes.push(statSync(path).mode & 0o777);
  };
  await bucket.ship();
  expect(modes.length).toBeGreaterThan(1);
  expect(new Set(modes)).toEqual(new Set([0o700]));
  expect(readdirSync(tmp)).toEqual([]);
});

it("cat deployments shows a change as soon as it is built, even with the restart policy never", async () => {
  const states = async () => {
    const maand = await bucket.open();
    const rows = deployments(maand.store);
    maand.close();
    return rows.map(({ rollout }) => rollout);
  };
  bucket.job("api", { ...V1, restart_policy: "never" }, { "app.conf": "1" });
  await bucket.ship();
  expect(await states()).toEqual(["promoted", "promoted"]);
  bucket.job("api", { ...V1, restart_policy: "never" }, { "app.conf": "2" });
  await bucket.build();
  expect(await states()).toEqual(["restart", "restart"]);
  await bucket.deploy();
  expect(await states()).toEqual(["promoted", "promoted"]);
});
