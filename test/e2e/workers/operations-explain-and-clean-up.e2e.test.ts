import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { blocksOf, page } from "../../docs/pages.ts";
import { type FleetBucket, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import type { Ended } from "../../support/bucket/maand.ts";
import { type } from "../../support/bucket/shell.ts";

/**
 * Types the commands of docs/operations.md, block by block; only addresses, the user and paths outside the bucket are
 * replaced.
 */

const elsewhere = mkdtempSync(join(tmpdir(), "maand-operations-"));
chmodSync(elsewhere, 0o711); // sshd reads authorized_keys as the user who logs in

afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

/** The blocks for a shell under one heading, in their order. */
function blocksUnder(heading: string): string[] {
  const { path, text } = page("docs/operations.md");
  const found = text
    .split(/^(?=#+ )/m)
    .find((part) => part.startsWith(`## ${heading}\n`) || part.startsWith(`### ${heading}\n`));
  const blocks = blocksOf({ path, text: found ?? "" });
  expect(blocks.length, heading).toBeGreaterThan(0);
  return blocks.filter(({ info }) => info === "sh").map(({ code }) => code);
}

function typing({ bucket, hosts, fleet }: FleetBucket) {
  const put = (text: string) =>
    text
      .replaceAll("10.0.0.3", hosts[2] ?? "")
      .replaceAll("~agent/.ssh/authorized_keys", join(elsewhere, "authorized_keys"))
      .replaceAll("/var/backups", elsewhere)
      .replaceAll("/srv/bucket", join(elsewhere, "restored"));
  return {
    /** Types a block as a whole; it must succeed. */
    async block(text: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
      const ended = await type(put(text), bucket.root, { USER: fleet.user, ...env });
      if (ended.code !== 0) throw new Error(`${text}\nended with ${ended.code}:\n${ended.stdout}\n${ended.stderr}`);
      return ended;
    },
    /** Types a block line by line and returns the exit codes. */
    async lines(text: string): Promise<(number | null)[]> {
      const codes: (number | null)[] = [];
      for (const line of put(text).trim().split("\n")) codes.push((await type(line, bucket.root)).code);
      return codes;
    },
  };
}

async function withJobs(
  use: (lent: FleetBucket) => Promise<void>,
  options: { sshdConfig?: readonly string[] } = {},
): Promise<void> {
  await withFleetBucket({ count: 3, ...options }, async (lent) => {
    lent.bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    lent.bucket.job("web", { version: "1.0.0", selectors: ["worker"] });
    expect(await lent.bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    await use(lent);
  });
}

it("first look: every command works, and nothing is reported", () =>
  withJobs(async (lent) => {
    const [look = ""] = blocksUnder("Find the problem");
    expect(await typing(lent).lines(look)).toEqual([0, 0, 0, 0]);
    const [keys = ""] = blocksUnder("A worker's host key");
    expect((await typing(lent).block(keys)).stdout).toContain("nothing to pin");
  }));

it("debugging a deploy: before it, during it, and after its failure", () =>
  withJobs(async (lent) => {
    const { bucket, hosts, workers, directory } = lent;
    const [before = "", during = "", after = ""] = blocksUnder("Debug a deploy");
    bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
    const { block } = typing(lent);
    const plan = (await block(before)).stdout;
    expect(plan).toContain("2.0.0");
    expect(plan).toContain("will be restarted: version 1.0.0 -> 2.0.0");
    await workers[1]?.write(`${directory("api")}/data/fail-restart`, "");
    const following = bucket.start(during.trim().replace(/ *#.*/, "").split(" ").slice(1));
    expect(await bucket.maand("deploy")).toMatchObject({ code: 1 });
    const printed = await block(after);
    expect(printed.stdout).toContain(`api@${hosts[1]} ! restart refuses`);
    expect(printed.stdout).toMatch(/FAIL +exit=\d/);
    following.kill("SIGINT");
    const { stdout } = await following.ended;
    expect(stdout).toContain('msg="restart refuses"');
  }));

it("draining a worker, and enabling it again", () =>
  withJobs(async (lent) => {
    const [out = "", back = ""] = blocksUnder("Drain");
    const { block } = typing(lent);
    expect((await block(out)).stdout).toContain("disabled");
    const third = lent.workers[2];
    expect(third && (await lent.lifecycle("api", third))).toEqual(["start 0.0.0 1.0.0", "stop 1.0.0 1.0.0"]);
    await block(back);
    expect(third && (await lent.lifecycle("web", third))).toEqual([
      "start 0.0.0 1.0.0",
      "stop 1.0.0 1.0.0",
      "start 1.0.0 1.0.0",
    ]);
  }));

describe("a lost worker", () => {
  it("that is down and returns is updated by the next deploy", () =>
    withJobs(async ({ bucket, workers, lifecycle }) => {
      await workers[2]?.stop();
      bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 1 });
      await workers[2]?.start();
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(workers[2] && (await lifecycle("api", workers[2]))).toEqual(["start 0.0.0 1.0.0", "restart 1.0.0 2.0.0"]);
    }));

  it("that returns empty is deployed from scratch", () =>
    withJobs(async (lent) => {
      const { bucket, workers, hosts, lifecycle } = lent;
      const [worker, other] = [workers[2], workers[0]];
      if (!worker || !other) throw new Error("no workers");
      await worker.run(["sh", "-c", "rm -rf /opt/worker/*"]);
      await worker.changeHostKey();
      const [again = ""] = blocksUnder("A lost worker");
      const [doctor = "", ...rest] = again.trim().split("\n");
      expect(await typing(lent).lines(doctor)).toEqual([1]);
      const findings = await bucket.json<{ check: string; where: string; hint: string }[]>("doctor");
      const line = findings.find(({ check, where }) => check === "host_key" && where === hosts[2])?.hint ?? "";
      await typing(lent).block([line, ...rest].join("\n"));
      expect(await lifecycle("api", worker)).toEqual(["start 1.0.0 1.0.0"]);
      expect(await lifecycle("api", other)).toEqual(["start 0.0.0 1.0.0"]);
    }));

  it("that is permanently gone is removed", () =>
    withJobs(async (lent) => {
      const { bucket, fleet, workers } = lent;
      await workers[2]?.stop();
      bucket.workers(...fleet.workersJson().slice(0, 2));
      const [, gone = ""] = blocksUnder("A lost worker");
      expect(await typing(lent).lines(gone)).toEqual([0, 1, 0, 0]);
    }));
});

it("a lost bucket: the backup is restored elsewhere, and a deploy there has nothing to do", () =>
  withJobs(async (lent) => {
    const { bucket, workers, lifecycle } = lent;
    const [keep = "", restore = ""] = blocksUnder("A lost bucket");
    const { block } = typing(lent);
    await block(keep);
    const before = await bucket.json("cat", "deployments");
    rmSync(bucket.root, { recursive: true });
    const restored = join(elsewhere, "restored");
    expect(
      await type(restore.replaceAll("/var/backups", elsewhere).replaceAll("/srv/bucket", restored), elsewhere),
    ).toMatchObject({ code: 0 });
    expect(await type("maand cat deployments --json", restored)).toMatchObject({
      code: 0,
      stdout: `${JSON.stringify(before, undefined, 2)}\n`,
    });
    expect(await type("maand deploy && maand job status api", restored)).toMatchObject({ code: 0 });
    for (const worker of workers) expect(await lifecycle("web", worker)).toEqual(["start 0.0.0 1.0.0"]);
  }));

describe("rotating keys", () => {
  it("the ssh key: the new one is added before the old one is removed", () => {
    const keys = join(elsewhere, "authorized_keys");
    writeFileSync(keys, "", { mode: 0o644 });
    return withFleetBucket({ count: 3, sshdConfig: [`AuthorizedKeysFile ${keys}`] }, async (lent) => {
      const { bucket, fleet } = lent;
      writeFileSync(keys, `${fleet.key.publicKey}\n`);
      bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      const [enter = "", leave = ""] = blocksUnder("The ssh key");
      const { block } = typing(lent);
      await block(enter);
      expect(bucket.read("maand.conf")).toContain('ssh_key = "next.key"');
      await block(leave);
      const left = new Set(readFileSync(keys, "utf8").trim().split("\n"));
      expect([...left]).toEqual([bucket.read("secrets/next.key.pub").trim()]);
      expect(await bucket.maand("health_check")).toMatchObject({ code: 0 });
    });
  });

  it("the authority: jobs get certificates of the new one", () =>
    withFleetBucket({ count: 2 }, async (lent) => {
      const { bucket, workers, directory } = lent;
      bucket.job("api", { version: "1.0.0", selectors: ["worker"], certs: { server: {} } });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      const before = await workers[0]?.read(`${directory("api")}/certs/ca.crt`);
      const [block = ""] = blocksUnder("The certificate authority");
      await typing(lent).block(block);
      expect(existsSync(join(bucket.root, "secrets/old/ca.key"))).toBe(true);
      for (const worker of workers) {
        expect(await worker.read(`${directory("api")}/certs/ca.crt`)).not.toBe(before);
        expect(
          await worker.run([
            "openssl",
            "verify",
            "-CAfile",
            `${directory("api")}/certs/ca.crt`,
            `${directory("api")}/certs/server.crt`,
          ]),
        ).toMatchObject({ code: 0 });
      }
    }));
});
