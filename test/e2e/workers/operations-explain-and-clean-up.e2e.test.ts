import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { blocksOf, page } from "../../docs/pages.ts";
import { type FleetBucket, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import type { Ended } from "../../support/bucket/maand.ts";
import { type } from "../../support/bucket/shell.ts";

/** Types the commands of docs/operations.md. Replaces only addresses, the user and paths outside of the bucket. */

const elsewhere = mkdtempSync(join(tmpdir(), "maand-operations-"));
chmodSync(elsewhere, 0o711); // sshd reads authorized_keys as the user who logs in

afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

/** The shell blocks under a heading, in order. */
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
    /** Runs a block, which must succeed. */
    async block(text: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
      const ended = await type(put(text), bucket.root, { USER: fleet.user, ...env });
      if (ended.code !== 0) throw new Error(`${text}\nexited with ${ended.code}:\n${ended.stdout}\n${ended.stderr}`);
      return ended;
    },
    /** Runs a block line by line, and returns the exit codes. */
    async lines(text: string): Promise<(number | null)[]> {
      const codes: (number | null)[] = [];
      for (const line of put(text).trim().split("\n")) codes.push((await type(line, bucket.root)).code);
      return codes;
    },
  };
}

async function withJobs(
  use: (fixture: FleetBucket) => Promise<void>,
  options: { sshdConfig?: readonly string[] } = {},
): Promise<void> {
  await withFleetBucket({ count: 3, ...options }, async (fixture) => {
    fixture.bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    fixture.bucket.job("web", { version: "1.0.0", selectors: ["worker"] });
    expect(await fixture.bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    await use(fixture);
  });
}

it("the commands to find a problem work, and report no problem", () =>
  withJobs(async (fixture) => {
    const [look = ""] = blocksUnder("Troubleshooting");
    expect(await typing(fixture).lines(look)).toEqual([0, 0, 0, 0]);
    const [keys = ""] = blocksUnder("A worker's host key");
    expect((await typing(fixture).block(keys)).stdout).toContain("nothing to pin");
  }));

it("the commands to debug a deploy work before, during and after a deploy that fails", () =>
  withJobs(async (fixture) => {
    const { bucket, hosts, workers, directory } = fixture;
    const [before = "", during = "", after = ""] = blocksUnder("Debug a deploy");
    bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
    const { block } = typing(fixture);
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

it("the commands to drain a worker and to enable it again work", () =>
  withJobs(async (fixture) => {
    const [out = "", back = ""] = blocksUnder("Drain");
    const { block } = typing(fixture);
    expect((await block(out)).stdout).toContain("disabled");
    const third = fixture.workers[2];
    expect(third && (await fixture.lifecycle("api", third))).toEqual(["start 0.0.0 1.0.0", "stop 1.0.0 1.0.0"]);
    await block(back);
    expect(third && (await fixture.lifecycle("web", third))).toEqual([
      "start 0.0.0 1.0.0",
      "stop 1.0.0 1.0.0",
      "start 1.0.0 1.0.0",
    ]);
  }));

describe("a lost worker", () => {
  it("that was down is updated by the next deploy", () =>
    withJobs(async ({ bucket, workers, lifecycle }) => {
      await workers[2]?.stop();
      bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 1 });
      await workers[2]?.start();
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(workers[2] && (await lifecycle("api", workers[2]))).toEqual(["start 0.0.0 1.0.0", "restart 1.0.0 2.0.0"]);
    }));

  it("that was reinstalled is deployed again from scratch", () =>
    withJobs(async (fixture) => {
      const { bucket, workers, hosts, lifecycle } = fixture;
      const [worker, other] = [workers[2], workers[0]];
      if (!worker || !other) throw new Error("no workers");
      await worker.run(["sh", "-c", "rm -rf /opt/worker/*"]);
      await worker.changeHostKey();
      const [again = ""] = blocksUnder("A lost worker");
      const [doctor = "", ...rest] = again.trim().split("\n");
      expect(await typing(fixture).lines(doctor)).toEqual([1]);
      const findings = await bucket.json<{ check: string; where: string; hint: string }[]>("doctor");
      const line = findings.find(({ check, where }) => check === "host_key" && where === hosts[2])?.hint ?? "";
      await typing(fixture).block([line, ...rest].join("\n"));
      expect(await lifecycle("api", worker)).toEqual(["start 1.0.0 1.0.0"]);
      expect(await lifecycle("api", other)).toEqual(["start 0.0.0 1.0.0"]);
    }));

  it("that is permanently lost is removed", () =>
    withJobs(async (fixture) => {
      const { bucket, fleet, workers } = fixture;
      await workers[2]?.stop();
      bucket.workers(...fleet.workersJson().slice(0, 2));
      const [, gone = ""] = blocksUnder("A lost worker");
      expect(await typing(fixture).lines(gone)).toEqual([0, 1, 0, 0]);
    }));
});

it("a lost bucket can be restored elsewhere from a backup, and a deploy there has nothing to do", () =>
  withJobs(async (fixture) => {
    const { bucket, workers, lifecycle } = fixture;
    const [keep = "", restore = ""] = blocksUnder("A lost bucket");
    const { block } = typing(fixture);
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

describe("the commands to rotate", () => {
  it("the ssh key add the new key before they remove the old key", () => {
    const keys = join(elsewhere, "authorized_keys");
    writeFileSync(keys, "", { mode: 0o644 });
    return withFleetBucket({ count: 3, sshdConfig: [`AuthorizedKeysFile ${keys}`] }, async (fixture) => {
      const { bucket, fleet } = fixture;
      writeFileSync(keys, `${fleet.key.publicKey}\n`);
      bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      const [enter = "", leave = ""] = blocksUnder("The ssh key");
      const { block } = typing(fixture);
      await block(enter);
      expect(bucket.read("maand.conf")).toContain('ssh_key = "next.key"');
      await block(leave);
      const left = new Set(readFileSync(keys, "utf8").trim().split("\n"));
      expect([...left]).toEqual([bucket.read("secrets/next.key.pub").trim()]);
      expect(await bucket.maand("health_check")).toMatchObject({ code: 0 });
    });
  });

  it("the certificate authority give jobs certificates from the new authority", () =>
    withFleetBucket({ count: 2 }, async (fixture) => {
      const { bucket, workers, directory } = fixture;
      bucket.job("api", { version: "1.0.0", selectors: ["worker"], certs: { server: {} } });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      const before = await workers[0]?.read(`${directory("api")}/certs/ca.crt`);
      const [block = ""] = blocksUnder("The certificate authority");
      await typing(fixture).block(block);
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
