import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentHash, MaandError } from "@maand/core";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { treeDigest } from "../packages/core/src/domain/digest.ts";
import { deployments } from "../packages/core/src/engine/inspect.ts";
import { StagedTrees } from "../packages/core/src/engine/staged-trees.ts";
import { ROOT } from "./docs/pages.ts";

/** Where a mistake that others made before us is shown not to be ours: a test file, and what stands in it. */
type Shown = readonly (readonly [file: string, title: string])[];

const HERE = "test/faults-of-deploy.test.ts";
const CHECKLIST = "test/deploy-checklist.e2e.test.ts";
const WORKERS = "test/faults-of-workers.e2e.test.ts";
const RSYNC = "test/plugin-rsync.e2e.test.ts";
const SSH = "test/plugin-ssh.e2e.test.ts";
const HOOKS = "test/job-commands-do-no-harm.e2e.test.ts";
const ROLLOUT = "test/job-commands-lead-a-rollout.e2e.test.ts";
const API = "packages/plugin-job-commands/src/api/api.test.ts";
const ENGINE = "packages/core/src/engine";

/** Mistakes of the deploy side by their numbers. */
const FAULTS: Readonly<Record<string, Shown>> = {
  D1: [
    ["test/killed-anywhere.e2e.test.ts", "is continued by the next one, when it was an upgrade"],
    ["test/killed-on-workers.e2e.test.ts", "killed at any of its steps, also twice, and the next one goes on"],
    ["test/killed-during-a-command.e2e.test.ts", "%s: the next one goes on, and ends where an undisturbed one ends"],
    [CHECKLIST, "2. kill -9 after job a, in the middle of job b"],
    ["test/interrupted-deploys.e2e.test.ts", "nothing new is begun, exit 130"],
    ["packages/plugin-make/src/runner.test.ts", "leaves the lock to make when it is killed"],
  ],
  D2: [
    [CHECKLIST, "3. a second deploy, dry run, build, gc or command during a deploy is refused"],
    [HERE, "a staged tree that is not the planned one is never synced"],
  ],
  D3: [
    [CHECKLIST, "3. a second deploy, dry run, build, gc or command during a deploy is refused"],
    [`${ENGINE}/deploy.test.ts`, "refuses a second run at once, names the first, and leaves it unharmed"],
  ],
  D4: [
    [CHECKLIST, "4. a full disk for job b"],
    [CHECKLIST, "4. a worker that dies during job b"],
  ],
  D5: [[HERE, "what was cleaned up is not stopped again when another one fails"]],
  D6: [[ROLLOUT, "D6: after a job left the workspace, its last known scripts run when it is stopped"]],
  D7: [
    ["test/drain-stops-and-re-enable-starts.e2e.test.ts", "draining one allocation stops exactly that one"],
    ["packages/core/src/domain/job.test.ts", "_modules/command_x.py"],
    [ROLLOUT, "D7: draining one of three with a health command stops exactly that one"],
  ],
  D8: [
    ["packages/core/src/domain/digest.invariants.test.ts", "two trees have one digest only if they are the same"],
    ["packages/core/src/domain/plan.test.ts", "are those added, deleted, of other content or of another mode"],
    [`${ENGINE}/deploy.test.ts`, "records changes of a drained allocation without bringing or starting anything there"],
  ],
  D9: [
    ["test/a-dead-worker-is-named-and-the-others-go-on.e2e.test.ts", "a dead worker is named, the others go on"],
    [CHECKLIST, "7. a disabled worker that is powered off"],
  ],
  D10: [[HERE, "a worker that left the workspace"]],
  D11: [
    [API, "D11: nobody without the token, whatever headers say"],
    [HOOKS, "D11: two buckets that deploy at the same time never mix"],
    [HOOKS, "D11: another user of this machine reads and writes nothing"],
  ],
  D12: [
    ["packages/core/src/domain/batches.test.ts", "(D12)"],
    [`${ENGINE}/kv.test.ts`, "D12: keeps to that order when only some of them are due"],
  ],
  D13: [["test/a-changed-host-key-is-refused.e2e.test.ts", "another host key than the pinned one is refused"]],
  D14: [
    [CHECKLIST, "10. a version or a name with signs a shell knows is refused"],
    [CHECKLIST, "10. text that is free, such as a file's name or a variable, means nothing to any shell"],
    [
      "packages/core/src/domain/names.invariants.test.ts",
      "nothing that is a host or a name can mean something to a shell",
    ],
  ],
  D15: [["packages/plugin-ssh/src/endpoint.test.ts", "workers.json wins over both"]],
  D16: [
    [WORKERS, "a bucket whose path is long and has blanks"],
    [RSYNC, "file names may hold anything, and so may the path of the bucket here"],
  ],
  D17: [
    [WORKERS, "hangs: its whole group is ended when timeout_seconds is over"],
    ["packages/plugin-make/src/runner.test.ts", "ends what left the process group and is still its child"],
    ["packages/plugin-make/src/runner.test.ts", "does not wait for a server a command leaves behind"],
  ],
  D18: [
    [RSYNC, "a full disk: the old files stay whole"],
    [RSYNC, "in the middle has each file old or new"],
  ],
  D19: [
    [WORKERS, "prints a megabyte without a line end"],
    [SSH, "a megabyte without a line end, and binary output"],
    [HOOKS, "D19: that prints a megabyte without a line end hangs nothing"],
  ],
  D20: [[HOOKS, "D20: that fails leaves nothing in the KV store"]],
  D21: [[`${ENGINE}/deploy.test.ts`, "block what demands a failed job, and nothing else"]],
  D22: [
    [`${ENGINE}/deploy.test.ts`, "is announced by a dry run"],
    [`${ENGINE}/model.invariants.test.ts`, "a deploy does what its dry run said"],
  ],
  D23: [
    [CHECKLIST, "12. gc before the deploy of a removed, running job is refused"],
    [`${ENGINE}/gc.test.ts`, "leaves what is only disabled alone"],
    [`${ENGINE}/kv.test.ts`, "B10, B11: a disabled job keeps everything"],
  ],
  D24: [["test/manual-job-control-checks-sync.e2e.test.ts", "run maand deploy first"]],
  D25: [["test/bad-input-is-refused.e2e.test.ts", '["job", "create", "../evil"]']],
  D26: [
    [`${ENGINE}/kv.test.ts`, "decision 26: a secret that was read shows as dots in every event"],
    ["packages/core/src/log/run-log.test.ts", "D26: has dots where a secret would stand"],
  ],
  D27: [
    [`${ENGINE}/deploy.test.ts`, "--jobs narrows the waves, and an unknown name is refused"],
    [HERE, "blanks in --jobs are no part of a name"],
  ],
  D29: [
    [CHECKLIST, "1. a deploy with nothing to do leaves update_seq and the workers as they are"],
    ["test/second-deploy-does-nothing.e2e.test.ts", "runs nothing and counts nothing up"],
  ],
  D30: [
    ["test/drain-stops-and-re-enable-starts.e2e.test.ts", "new.conf"],
    [HERE, "files go to the workers of their job, and to no other"],
  ],
  D31: [["test/manual-job-control-checks-sync.e2e.test.ts", '"--allocations", "10.9.9.9"']],
  D32: [
    [
      "test/manual-job-control-checks-sync.e2e.test.ts",
      "refuses a worker that is not as the bucket left it, naming what differs",
    ],
  ],
  D33: [
    ["packages/plugin-health/src/health.test.ts", "keeps its wait and time limit without any check"],
    ["packages/plugin-health/src/health.test.ts", "gives up after the last attempt without another pause"],
  ],
  D35: [
    ["packages/plugin-job-commands/src/api/semaphores.test.ts", "D35: a wait that ends in the instant of a grant"],
    ["packages/plugin-job-commands/src/api/semaphores.test.ts", "D35: whoever goes away, waiting or holding"],
  ],
  D36: [
    ["packages/core/src/log/line.test.ts", "D36: writes %j as %s and reads it back"],
    ["packages/cli/src/commands/logs/show.test.ts", "D36: finds a run by the beginning of its id"],
  ],
  D37: [
    ["test/hook-libraries.test.ts", "need nothing that does not come with the language"],
    ["test/hook-libraries.test.ts", "names what is another name of what"],
  ],
  D38: [[RSYNC, "but leaves what is the job's own, and everything that is not its"]],
  D39: [["test/faults-of-build.test.ts", "quotes reach no SQL, neither from files nor from filters (B34)"]],
  D40: [
    ["test/faults-of-build.test.ts", "what is private is private: directories 0700, store, keys 0600 (B28)"],
    [HERE, "what is staged is private, and gone afterwards"],
  ],
  D41: [
    [SSH, "closing ends commands and may be done twice"],
    ["test/interrupted-deploys.e2e.test.ts", "expectTidy(lent)"],
    ["test/first-deploy.e2e.test.ts", "expect(worker.connections()).toBe(1)"],
  ],
  D42: [
    [SSH, "twenty commands at once share one connection, eight at a time"],
    ["packages/plugin-make/src/served.test.ts", "holds little back when nobody reads"],
  ],
  D43: [["test/workers-are-asked-what-they-are.e2e.test.ts", "keeps what nobody knows, and finds nothing to write"]],
  D44: [[API, "is refused, and the next request is answered"]],
  D45: [[ROLLOUT, "job_control takes a rollout over: a canary goes first"]],
  D46: [
    ["test/run-command-on-bad-days.e2e.test.ts", "ends its batch in bounded time, and the others are told apart"],
    ["test/reboots-go-one-after-another.e2e.test.ts", "each is back before the next goes"],
  ],
  D47: [
    ["packages/core/src/domain/rollout-state.test.ts", "disabled: nothing was promoted of a job without a version"],
    [HERE, "cat deployments knows an edit as soon as it was built"],
  ],
  D48: [
    ["test/faults-of-build.test.ts", "a bucket is found from anywhere inside it (B44)"],
    ["test/faults-of-build.test.ts", "an error is said once, without a page of usage behind it (B45)"],
  ],
  D49: [["test/docs.test.ts", "describe("]],
  D50: [["packages/core/src/domain/manifest.test.ts", "still count, with a warning that gives the new one (B16)"]],
};

describe("mistakes made before us", () => {
  it("each has its row, but for those of Prometheus, which is still to come", () => {
    const later = ["D28", "D34"];
    const numbers = Array.from({ length: 50 }, (_, at) => `D${at + 1}`);
    expect(Object.keys(FAULTS)).toEqual(numbers.filter((number) => !later.includes(number)));
  });

  it.each(Object.entries(FAULTS))("%s is shown not to be made", (_, shown) => {
    expect(shown.filter(([file, title]) => !readFileSync(join(ROOT, file), "utf8").includes(title))).toEqual([]);
  });
});

const [A, B, C] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"] as const;
const V1 = { version: "1.0.0", selectors: ["worker"] };

let bucket: TestBucket;

beforeEach(() => {
  bucket = aBucket();
  bucket.workers(A, B);
});

afterEach(() => bucket.dispose());

/** What was done since the last time this was asked, without bringing files. */
function since(): string[] {
  return bucket.fleet.done.splice(0).filter((what) => !what.startsWith("stage"));
}

describe("what was removed", () => {
  beforeEach(async () => {
    for (const job of ["m", "n", "other"]) bucket.job(job, V1);
    await bucket.ship();
    since();
    for (const job of ["m", "n"]) bucket.removeJob(job);
  });

  it("what was cleaned up is not stopped again when another one fails, and nobody is kept back (D5)", async () => {
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
    bucket.fleet.mend();
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(since()).toEqual([`stop n@${A}`, `remove n@${A}`]);
  });

  it("a worker that left the workspace and refuses to stop something is no dead one: it failed, and is asked again (D10)", async () => {
    bucket.workers(A);
    bucket.fleet.fail(`stop other@${B}`);
    const { allocations, warnings } = await bucket.ship();
    expect(allocations.find(({ job, host }) => job === "other" && host === B)).toMatchObject({ outcome: "failed" });
    expect(warnings).toEqual([]);
    since();
    bucket.fleet.mend();
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(since()).toEqual([`stop other@${B}`, `remove other@${B}`]);
  });

  it("a worker that left the workspace and cannot be reached stays a debt that every deploy names and tries (D10)", async () => {
    bucket.workers(A);
    bucket.fleet.fail(`connect ${B}`, new MaandError({ code: "UNREACHABLE", message: `cannot reach ${B}` }));
    for (let again = 0; again < 2; again += 1) {
      const { outcome, warnings } = await bucket.ship();
      expect(outcome).toBe("failed");
      expect(warnings.filter((line) => line.includes("may still run"))).toHaveLength(3);
    }
    since();
    bucket.fleet.mend();
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(since().sort()).toEqual(
      ["m", "n", "other"].flatMap((job) => [`remove ${job}@${B}`, `stop ${job}@${B}`]).sort(),
    );
    expect(Object.keys(bucket.fleet.running())).toEqual([`other@${A}`]);
  });
});

it("files go to the workers of their job, and to no other (D30)", async () => {
  bucket.workers({ host: A, labels: ["db"] }, { host: B, labels: ["web"] }, C);
  bucket.job("db", { ...V1, selectors: ["db"] });
  bucket.job("web", { ...V1, selectors: ["web"] });
  await bucket.ship();
  expect(bucket.fleet.connected.sort()).toEqual([A, B]);
  expect([bucket.fleet.at("db", A)?.running, bucket.fleet.at("web", B)?.running]).toEqual(["1.0.0", "1.0.0"]);
  expect([bucket.fleet.at("web", A), bucket.fleet.at("db", B)]).toEqual([undefined, undefined]);
});

it("a staged tree that is not the planned one is never synced (D2)", () => {
  const root = mkdtempSync(join(tmpdir(), "maand-trees-"));
  const content = Buffer.from("start:\n");
  const file = { path: "Makefile", hash: contentHash(content), executable: false, size: content.length };
  const tree = { files: [file] };
  const other = { files: [{ ...file, hash: contentHash("another"), content }] };
  const trees = new StagedTrees(root, () => content);
  const write = (digest: string, what: typeof tree | typeof other) =>
    trees.write(A, [{ job: "api", tree: what, digest }], new Map());
  expect(write(treeDigest(tree.files), tree)).toHaveLength(2);
  expect(() => write(treeDigest(other.files), other)).toThrow(expect.objectContaining({ code: "TREE_CHANGED" }));
  rmSync(root, { recursive: true });
});

it("what is staged is private, and gone afterwards (D40)", async () => {
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

it("cat deployments knows an edit as soon as it was built, whatever the policy (D47)", async () => {
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
