import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { type FleetBucket, onFleet, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { maand } from "../../support/bucket/maand.ts";
import { type Fleet, type FleetWorker, startFleet, until } from "../../support/fleet/index.ts";

/**
 * Tests faults of a worker and of its jobs. The summary of a deploy must name each fault. The deploy must end in bounded
 * time without an effect on other workers, and the next deploy must repair the rest.
 */
const V1 = { version: "1.0.0", selectors: ["worker"] };
/** Settings that give a healthy worker enough time, even on a busy machine. */
const timeouts = (seconds: { connect?: number; command?: number } = {}) =>
  `[timeouts]\nconnect = ${seconds.connect ?? 120}\ncommand = ${seconds.command ?? 300}\n`;

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ count: 2 });
});

afterAll(() => fleet.close());

/** Checks that a deploy fails only on one worker, with this outcome and message, within this number of seconds. */
async function expectFailureOn(
  { bucket, hosts, rollouts }: FleetBucket,
  {
    worker = 1,
    outcome,
    prints,
    seconds = 240,
  }: { worker?: number; outcome: string; prints: RegExp; seconds?: number },
): Promise<void> {
  const began = performance.now();
  const { code, stderr } = await bucket.maand("deploy", "--build");
  expect(performance.now() - began).toBeLessThan(seconds * 1000);
  expect(code).toBe(1);
  const summary = stderr.slice(stderr.indexOf("\n  ", stderr.lastIndexOf("ok start")));
  expect(summary).toMatch(new RegExp(`start ${outcome} on ${hosts[worker]}: .*${prints.source}`));
  expect((await rollouts())[`api@${hosts[1 - worker]}`]).toBe("promoted");
  expect(stderr).not.toMatch(/\n\s+at .*\.js:\d+/);
}

/** Checks that the next deploy completes the rollout, and starts each job once. */
async function expectRepair({ bucket, hosts, rollouts, lifecycles }: FleetBucket): Promise<void> {
  expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
  expect(await rollouts()).toEqual(Object.fromEntries(hosts.map((host) => [`api@${host}`, "promoted"])));
  expect(await lifecycles("api")).toEqual(hosts.map(() => ["start 0.0.0 1.0.0"]));
}

/** Calls `use` with a bucket that has its own workers, a job api, and short timeouts. */
function withWorkers(
  options: Parameters<typeof withFleetBucket>[0],
  use: (fixture: FleetBucket) => Promise<void>,
): Promise<void> {
  return withFleetBucket(options, async (fixture) => {
    fixture.bucket.write("maand.conf", `${fixture.conf}${timeouts()}`);
    fixture.bucket.job("api", V1);
    await use(fixture);
  });
}

describe.concurrent("a deploy", () => {
  it("reports a worker that refuses connections", () =>
    withWorkers({ count: 2 }, async (fixture) => {
      await fixture.workers[1]?.cutOff();
      await expectFailureOn(fixture, { outcome: "unreachable", prints: /connection refused/ });
      await fixture.workers[1]?.start();
      await expectRepair(fixture);
    }));

  it("reports a worker that accepts connections and never responds", () =>
    withWorkers({ count: 2 }, async (fixture) => {
      fixture.bucket.write("maand.conf", `${fixture.conf}${timeouts({ connect: 25 })}`);
      const worker = fixture.workers[1] as FleetWorker;
      await worker.cutOff();
      const silent = await listening(
        createServer(() => {}),
        worker,
      );
      await expectFailureOn(fixture, {
        outcome: "unreachable",
        prints: /does not speak ssh, or is stalled, timed out after 25 s/,
      });
      silent.close();
      await worker.start();
      await expectRepair(fixture);
    }));

  it("reports a worker that stops responding during a sync", () =>
    withWorkers({ count: 2 }, async (fixture) => {
      fixture.bucket.write("maand.conf", `${fixture.conf}${timeouts({ command: 50 })}`);
      const worker = fixture.workers[1] as FleetWorker;
      fixture.bucket.job("api", V1, { big: "big\n".repeat(5_000_000) });
      const failed = expectFailureOn(fixture, {
        outcome: "timed out",
        prints: /syncing files to .* timed out after 50 s/,
      });
      await until("the worker's rsync", () => worker.processesWith("rsync --server").length > 0);
      worker.freeze();
      await failed;
      worker.thaw();
      await expectRepair(fixture);
    }));

  it("reports a worker that loses its connection during a sync", () =>
    withWorkers({ count: 2 }, async (fixture) => {
      const worker = fixture.workers[1] as FleetWorker;
      fixture.bucket.job("api", V1, { big: "big\n".repeat(5_000_000) });
      const failed = expectFailureOn(fixture, { outcome: "cut off", prints: /closed while files were being synced/ });
      await until("the worker's rsync", () => worker.processesWith("rsync --server").length > 0);
      await worker.dropConnections();
      await failed;
      await expectRepair(fixture);
    }));

  it("reports a connection lost during a command, and the next deploy waits for the command without repeating it", () =>
    withWorkers({ count: 2 }, async (fixture) => {
      const { bucket, workers, hosts, directory, lifecycles, rollouts } = fixture;
      const worker = workers[1] as FleetWorker;
      bucket.write("maand.conf", fixture.conf);
      bucket.job("api", V1, { Makefile: CAREFUL_MAKEFILE });
      await worker.write(`${directory("api")}/data/hold`, "");
      const run = bucket.start(["deploy", "--build"]);
      await run.prints(`api@${hosts[1]} | api is at start`);
      await worker.dropConnections();
      const { code, stderr } = await run.ended;
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`start cut off on ${hosts[1]}: the connection closed during make start`));
      expect(await rollouts()).toEqual({ [`api@${hosts[0]}`]: "promoted", [`api@${hosts[1]}`]: "in_doubt" });
      const again = bucket.start(["deploy"]);
      await again.prints("api: waiting for start");
      await worker.run(["rm", `${directory("api")}/data/hold`]);
      expect(await again.ended).toMatchObject({ code: 0 });
      const done = ["start 0.0.0 1.0.0", "end start"];
      expect(await lifecycles("api")).toEqual([done, done]);
    }));

  it("reports a worker with a read-only disk", () =>
    withWorkers({ count: 2, diskKb: 4_096 }, async (fixture) => {
      await fixture.workers[1]?.run(["mount", "-o", "remount,ro", "/opt/worker"]);
      await expectFailureOn(fixture, {
        outcome: "failed",
        prints: /its file system \/opt\/worker .*is mounted read-only/,
      });
      await fixture.workers[1]?.run(["mount", "-o", "remount,rw", "/opt/worker"]);
      await expectRepair(fixture);
    }));

  it.each(["rsync", "make", "python3"])("reports a worker that lacks %s", (tool) =>
    withWorkers({ count: 2 }, async (fixture) => {
      await fixture.workers[1]?.run(["mount", "--bind", "/dev/null", `/usr/bin/${tool}`]);
      await expectFailureOn(fixture, { outcome: "failed", prints: new RegExp(`lacks ${tool}`) });
      await fixture.workers[1]?.run(["umount", `/usr/bin/${tool}`]);
      await expectRepair(fixture);
    }),
  );

  it("refuses a worker whose host key has changed, until the new key is trusted", () =>
    withWorkers({ count: 2 }, async (fixture) => {
      const { bucket, workers } = fixture;
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      bucket.job("api", { ...V1, version: "2.0.0" });
      await workers[1]?.changeHostKey();
      const refused = await bucket.maand("deploy", "--build");
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("SHA256:");
      const pinned = bucket.read("secrets/known_hosts").split("\n");
      bucket.write(
        "secrets/known_hosts",
        pinned.filter((line) => !line.includes(fixture.hosts[1] ?? "")).join("\n"),
        0o600,
      );
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(await fixture.lifecycles("api")).toEqual(
        fixture.hosts.map(() => ["start 0.0.0 1.0.0", "restart 1.0.0 2.0.0"]),
      );
    }));

  it("works on a worker that allows one session at a time and few parallel logins", () =>
    withWorkers({ count: 2, sshdConfig: ["MaxSessions 1", "MaxStartups 1"] }, async (fixture) => {
      const jobs = ["api", "b", "c", "d", "e"];
      for (const job of jobs) fixture.bucket.job(job, V1, { Makefile: CAREFUL_MAKEFILE });
      fixture.bucket.write("maand.conf", fixture.conf);
      expect(await fixture.bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      for (const job of jobs)
        expect(await fixture.lifecycles(job)).toEqual(fixture.hosts.map(() => ["start 0.0.0 1.0.0", "end start"]));
      expect(await fixture.bucket.maand("job", "restart", "api")).toMatchObject({ code: 0 });
    }));

  it("replaces changed files on a worker with a wrong clock", () =>
    onFleet(fleet, async (fixture) => {
      const { bucket, workers, directory } = fixture;
      bucket.job("api", V1, { "app.conf": "old\n", same: "same\n" });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      const at = (name: string) => `${directory("api")}/${name}`;
      await workers[0]?.run(["touch", "-d", "2037-01-01", at("app.conf"), at("Makefile"), at("same")]);
      await workers[1]?.run(["touch", "-d", "1971-01-01", at("app.conf"), at("Makefile"), at("same")]);
      bucket.job("api", V1, { "app.conf": "new\n", same: "same\n" });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      for (const worker of workers) expect(await worker.read(at("app.conf"))).toBe("new\n");
    }));
});

it("a deploy works in a bucket whose path is long and contains spaces", () =>
  onFleet(fleet, async ({ bucket, hosts, lifecycles }) => {
    const above = mkdtempSync(join(tmpdir(), "maand far away "));
    const root = join(above, "a rather long name of a directory ".repeat(3), "it's (my) $bucket");
    bucket.job("api", V1, { big: "more than fits one request\n".repeat(100_000) });
    cpSync(bucket.root, root, { recursive: true });
    expect(await maand(["deploy", "--build"], { cwd: root })).toMatchObject({ code: 0 });
    expect(await lifecycles("api")).toEqual(hosts.map(() => ["start 0.0.0 1.0.0"]));
    rmSync(above, { recursive: true });
  }));

describe.concurrent("a target", () => {
  it("that fails ends the rollout of its job, and the last lines of its output are shown", () =>
    onFleet(fleet, async (fixture) => {
      fixture.bucket.job("api", V1);
      const worker = fixture.workers[1] as FleetWorker;
      await worker.write(`${fixture.directory("api")}/data/fail-start`, "");
      await expectFailureOn(fixture, { outcome: "failed", prints: /make start of api failed with exit code 2/ });
      await worker.run(["rm", `${fixture.directory("api")}/data/fail-start`]);
      expect(await fixture.bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(await fixture.lifecycles("api")).toEqual([
        ["start 0.0.0 1.0.0"],
        ["start 0.0.0 1.0.0", "start 0.0.0 1.0.0"],
      ]);
    }));

  it("that hangs is stopped with its process group after timeout_seconds", () =>
    onFleet(fleet, async (fixture) => {
      const { bucket, workers, directory } = fixture;
      bucket.job("api", { ...V1, timeout_seconds: 1 }, { Makefile: CAREFUL_MAKEFILE });
      const worker = workers[1] as FleetWorker;
      await worker.write(`${directory("api")}/data/hold`, "");
      await expectFailureOn(fixture, { outcome: "timed out", prints: /make start of api timed out after 1 s/ });
      expect(worker.processesWith(`${directory("api")}/`)).toEqual([]);
      await worker.run(["rm", `${directory("api")}/data/hold`]);
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    }));

  it.each([
    ["prints a megabyte without a newline", "head -c 1000000 /dev/zero | tr '\\\\0' x"],
    ["prints binary data", "head -c 200000 /dev/urandom"],
    ["leaves a child behind that keeps its output open", "sleep 1000 & echo left"],
    ["leaves a server behind that continues to print", "(while test -e Makefile; do echo tick; sleep 0.05; done) &"],
  ])("can succeed even if it %s", (_, recipe) =>
    onFleet(fleet, async (fixture) => {
      fixture.bucket.job("api", V1, {
        Makefile: `start:\n\t@mkdir -p data; ${recipe}\n\t@echo done >> data/lifecycle\nstop restart:\n`,
      });
      const began = performance.now();
      const { code, stderr } = await fixture.bucket.maand("deploy", "--build");
      expect(code).toBe(0);
      expect(performance.now() - began).toBeLessThan(20_000);
      expect(Math.max(...stderr.split("\n").map((line) => line.length))).toBeLessThan(200_000);
      expect(await fixture.lifecycles("api")).toEqual([["done"], ["done"]]);
      for (const worker of fixture.workers) await worker.run(["rm", `${fixture.directory("api")}/Makefile`]);
    }),
  );
});

function listening(server: Server, { host, port }: FleetWorker): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}
