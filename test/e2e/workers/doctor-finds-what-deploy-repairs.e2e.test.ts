import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeAuthority } from "../../../packages/plugin-certs/src/authority.test.support.ts";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { MAAND } from "../../support/bucket/maand.ts";
import { type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { isInPostgres, storeEnvironment } from "../../support/postgres/test-store.ts";

/** Tests that `maand doctor` finds each problem, and that typing its hint fixes the problem. */

interface Finding {
  readonly check: string;
  readonly where: string;
  readonly ok: boolean;
  readonly message: string;
  readonly hint: string | null;
}

/** The directory of a run, which only a killed run leaves behind. */
const LEFT = "tmp/6b0f3c1e-8d57-4a52-9a64-2f1c8f0b7e11";

const tools = mkdtempSync(join(tmpdir(), "maand-doctor-"));

beforeAll(() => {
  writeFileSync(join(tools, "maand"), `#!/bin/sh\nexec ${process.execPath} ${MAAND} "$@"\n`, { mode: 0o755 });
});

afterAll(() => rmSync(tools, { recursive: true }));

/** Runs a hint in a shell. */
async function type(line: string): Promise<void> {
  await promisify(execFile)("bash", ["-c", line], {
    env: { PATH: `${tools}:${process.env.PATH ?? ""}`, HOME: tools, ...storeEnvironment() },
  });
}

async function faultsOf(bucket: Scratch): Promise<Finding[]> {
  const findings = await bucket.json<Finding[]>("doctor");
  return findings.filter(({ ok }) => !ok);
}

/** The only fault in the bucket, except for unbuilt edits, which several of these faults include. */
async function onlyFault(bucket: Scratch): Promise<Finding> {
  const faults = (await faultsOf(bucket)).filter(({ check }) => check !== "built");
  expect(faults).toHaveLength(1);
  return faults[0] ?? { check: "", where: "", ok: true, message: "", hint: null };
}

describe("doctor, in a bucket,", () => {
  let bucket: Scratch;
  let backup = "";

  beforeAll(async () => {
    bucket = await scratch('transport = "local"\n');
    bucket.workers({ host: "127.0.0.11" });
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    backup = join(tools, "maand.db");
    copyFileSync(join(bucket.root, "data/maand.db"), backup);
    expect(await bucket.maand("doctor")).toMatchObject({ code: 0 });
  });

  afterAll(() => bucket.dispose());

  const at = (path: string) => join(bucket.root, path);
  const open = (path: string) => () => chmodSync(at(path), path.includes(".") ? 0o644 : 0o755);

  const FAULTS: readonly (readonly [string, () => void | Promise<void>, string, string])[] = [
    ["data/ that others can read", open("data"), "permissions", "data"],
    ["secrets/ that others can read", open("secrets"), "permissions", "secrets"],
    ["logs/ that others can read", open("logs"), "permissions", "logs"],
    ["a store that others can read", open("data/maand.db"), "permissions", "data/maand.db"],
    ["a key of the KV store that others can read", open("secrets/kv.key"), "permissions", "secrets/kv.key"],
    ["a key of the CA that others can read", open("secrets/ca.key"), "permissions", "secrets/ca.key"],
    ["a log that others can read", open("logs/maand.log"), "permissions", "logs/maand.log"],
    ["staged files of a killed run", () => void mkdirSync(at(LEFT), { recursive: true }), "tmp", LEFT],
    ["logs that are too large", () => hugeLog(), "logs", "logs"],
    [
      "a missing key of the KV store, without encrypted entries",
      () => rmSync(at("secrets/kv.key")),
      "kv_key",
      "secrets/kv.key",
    ],
    [
      "a damaged key of the KV store, without encrypted entries",
      () => writeFileSync(at("secrets/kv.key"), "short"),
      "kv_key",
      "secrets/kv.key",
    ],
    ["a missing CA", () => noAuthority(), "ca", "secrets/ca.crt"],
    ["a CA without its key", () => rmSync(at("secrets/ca.key")), "ca", "secrets/ca.key"],
    ["an invalid CA", () => writeFileSync(at("secrets/ca.crt"), "x"), "ca", "secrets/ca.crt"],
    ["an expired CA", () => endedAuthority(), "ca", "secrets/ca.crt"],
    ["a deploy that was killed during a command", () => killedDeploy(), "state", "api on 127.0.0.11"],
    ["an unhealthy job", () => unhealthyJob(), "state", "api on 127.0.0.11"],
  ];

  it.each(FAULTS)("finds %s, and its hint fixes the problem", async (_, plant, check, where) => {
    await plant();
    const fault = await onlyFault(bucket);
    expect(fault).toMatchObject({ check, where, hint: expect.stringMatching(/^[a-z]/) });
    await type(fault.hint ?? "");
    expect(await faultsOf(bucket)).toEqual([]);
  });

  // test/team/doctor-and-init has the test for PostgreSQL
  it.skipIf(isInPostgres())("finds a damaged store, and its hints restore a backup", async () => {
    truncateSync(at("data/maand.db"), 20_000);
    const fault = await onlyFault(bucket);
    expect(fault).toMatchObject({
      check: "store",
      where: "data/maand.db",
      message: expect.stringContaining("damaged"),
    });
    await type((fault.hint ?? "").replace("'<backup>/maand.db'", backup));
    // the worker has seen deploys that the backup lacks, and the workspace was edited after the backup
    const behind = await faultsOf(bucket);
    expect(behind).toMatchObject([
      { check: "built" },
      { check: "sync", message: expect.stringContaining("127.0.0.11 is ahead of this bucket, whose store is older") },
      { check: "drift", message: "api: changed certs/ca.crt, changed manifest.json" },
    ]);
    await type(behind[1]?.hint ?? ""); // adopt
    await type(behind[0]?.hint ?? "");
    expect(await faultsOf(bucket)).toEqual([]);
  });

  it("finds an unbuilt workspace, and its hint builds it", async () => {
    const fresh = await scratch('transport = "local"\n');
    fresh.workers({ host: "127.0.0.12" });
    const fault = await onlyFault(fresh);
    expect(fault).toMatchObject({ check: "catalog" });
    await type(fault.hint ?? "");
    expect(await faultsOf(fresh)).toEqual([]);
    fresh.dispose();
  });

  it("finds errors in workspace and configuration, and names their place", async () => {
    renameSync(at("workspace/jobs/api/Makefile"), at("workspace/jobs/api/Makefile.away"));
    expect(await onlyFault(bucket)).toMatchObject({
      check: "workspace",
      where: "workspace/jobs/api/Makefile",
      hint: expect.stringMatching(/^# .*start, stop and restart/),
    });
    renameSync(at("workspace/jobs/api/Makefile.away"), at("workspace/jobs/api/Makefile"));
    const conf = bucket.read("maand.conf");
    bucket.write("maand.conf", "ssh_port = 99999999\n");
    expect(await onlyFault(bucket)).toMatchObject({ check: "config", where: expect.stringContaining("ssh_port") });
    bucket.write("maand.conf", conf);
    expect(await faultsOf(bucket)).toEqual([]);
  });

  it("finds several problems at the same time", async () => {
    chmodSync(at("data"), 0o755);
    mkdirSync(at(LEFT), { recursive: true });
    mkdirSync(at("tmp/not of a run"), { recursive: true });
    const { code, stdout } = await bucket.maand("doctor");
    expect(code).toBe(1);
    expect(stdout).toMatch(/wrong {2}permissions {2}data: .*\n {7}chmod 700 \S+\/data\n/);
    expect(stdout).toContain(`wrong  tmp  ${LEFT}: `);
    expect(stdout).toContain("2 problems found");
    for (const { hint } of await faultsOf(bucket)) await type(hint ?? "");
    expect(await bucket.maand("doctor")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("no problems found"),
    });
  });

  it("reports neither the lock nor the directory of a run in progress as a problem", async () => {
    bucket.job("slow", { selectors: ["worker"] }, { Makefile: "start stop restart:\n\techo begun; sleep 600\n" });
    await bucket.maand("build");
    const deploy = bucket.start(["deploy"]);
    await deploy.prints("begun");
    const findings = await bucket.json<Finding[]>("doctor");
    expect(findings.find(({ check }) => check === "lock")).toMatchObject({
      ok: true,
      message: expect.stringMatching(new RegExp(`^held by maand deploy \\((\\S+ on \\S+, )?pid ${deploy.pid},`)),
    });
    expect(findings.filter(({ check, ok }) => check === "tmp" && !ok)).toEqual([]);
    deploy.kill("SIGINT");
    await deploy.ended;
  });

  function hugeLog(): void {
    const [run = ""] = readdirSync(at("logs/runs"));
    const file = at(`logs/runs/${run}/maand.log`);
    truncateSync(file, 3_000_000_000);
  }

  function noAuthority(): void {
    for (const end of ["crt", "key"]) rmSync(at(`secrets/ca.${end}`));
  }

  async function endedAuthority(): Promise<void> {
    const { files } = await makeAuthority(new Date("2020-01-01"), new Date("2021-01-01"));
    for (const end of ["crt", "key"] as const)
      writeFileSync(at(`secrets/ca.${end}`), files[end] ?? "", { mode: 0o600 });
  }

  async function killedDeploy(): Promise<void> {
    bucket.job(
      "api",
      { version: "2.0.0", selectors: ["worker"] },
      { Makefile: "start stop restart:\n\techo begun; test -e data/quick || sleep 2\n" },
    );
    await bucket.maand("build");
    const deploy = bucket.start(["deploy"]);
    await deploy.prints("begun");
    deploy.kill("SIGKILL");
    await deploy.ended;
    rmSync(at("tmp"), { recursive: true });
  }

  async function unhealthyJob(): Promise<void> {
    const health = {
      health_check: { checks: [{ type: "tcp", port: "http" }], wait: { attempts: 1, interval_seconds: 0.1 } },
    };
    const manifest = { version: "3.0.0", selectors: ["worker"], resources: { ports: { http: 47_001 } } };
    bucket.job("api", { ...manifest, ...health });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 1 });
    bucket.job("api", manifest);
    expect(await bucket.maand("build")).toMatchObject({ code: 0 });
  }
});

describe("doctor, for workers,", () => {
  it(
    "reports problems of one worker with hints, and examines the others",
    () =>
      withFleetBucket({ count: 2, diskKb: 20_000 }, async ({ bucket, fleet, workers: [worker, other] }) => {
        if (!worker || !other) throw new Error("no workers");
        bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
        expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
        expect(await faultsOf(bucket)).toEqual([]);
        const found = async (check: string, message: RegExp) => {
          const fault = await onlyFault(bucket);
          expect(fault).toMatchObject({ check, where: worker.host, message: expect.stringMatching(message) });
          return fault.hint ?? "";
        };

        await worker.changeHostKey();
        const both = await faultsOf(bucket);
        expect(both.map(({ check, where }) => `${check} ${where}`)).toEqual([`host_key ${worker.host}`]);
        await type(both.find(({ check }) => check === "host_key")?.hint ?? "");
        expect(await faultsOf(bucket)).toEqual([]);

        await worker.cutOff();
        expect(await found("reach", /connection refused/)).toMatch(/^# check that sshd is running there/);
        await worker.start();

        await worker.authorize("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl");
        expect(await found("reach", /refused user/)).toContain("authorized_keys");
        await worker.authorize(fleet.key.publicKey);

        await worker.run(["mount", "--bind", "/dev/null", "/usr/bin/rsync"]);
        expect(await found("worker_tools", /lacks rsync/)).toContain("install");
        await worker.run(["umount", "/usr/bin/rsync"]);

        await worker.write("/opt/worker/yesterday", "#!/bin/sh\nexpr $(awk '{print int($1)}' /proc/uptime)\n");
        await worker.run([
          "sh",
          "-c",
          "chmod 755 /opt/worker/yesterday && mount --bind /opt/worker/yesterday /usr/bin/date",
        ]);
        expect(await found("clock", /behind/)).toContain("timedatectl set-ntp true");
        await worker.run(["umount", "/usr/bin/date"]);

        await worker.fillDisk();
        expect(await found("worker_disk", /only 0 MB of 20 MB are free/)).toContain("du -xsh");
        await worker.freeDisk();

        chmodSync(fleet.key.path, 0o644);
        const open = await faultsOf(bucket);
        expect(open.map(({ check }) => check)).toContain("ssh_key");
        await type(open.find(({ check }) => check === "ssh_key")?.hint ?? "");
        expect(await faultsOf(bucket)).toEqual([]);

        renameSync(fleet.key.path, `${fleet.key.path}.away`);
        const missing = (await faultsOf(bucket)).find(({ check }) => check === "ssh_key");
        expect(missing?.message).toContain("is missing");
        await type(missing?.hint ?? "");
        expect((await faultsOf(bucket)).filter(({ check }) => check === "ssh_key")).toEqual([]);
        renameSync(`${fleet.key.path}.away`, fleet.key.path);
        expect(await faultsOf(bucket)).toEqual([]);

        const poor = await bucket.start(["doctor", "--json"], { env: { PATH: tools } }).ended;
        const lacks: Finding[] = JSON.parse(poor.stdout);
        expect(lacks.filter(({ ok }) => !ok)).toMatchObject([
          {
            check: "host_tools",
            where: "this machine",
            message: "rsync is not installed",
            hint: expect.stringMatching(/^apt-get install -y rsync/),
          },
        ]);
      }),
    120_000,
  );
});
