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
 * Faults of a worker and of its jobs. Each of them is named in the summary, ends in bounded time, has no effect on
 * other workers, and is repaired by the next deploy.
 */
const V1 = { version: "1.0.0", selectors: ["worker"] };
const QUICK = "[timeouts]\nconnect = 5\n";

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ count: 2 });
});

afterAll(() => fleet.close());

/**
 * A deploy that has to fail for `job` on one worker with these words, within this number of seconds, and nowhere else.
 */
async function failsOn(
  { bucket, hosts, rollouts }: FleetBucket,
  { worker = 1, outcome, prints, seconds = 40 }: { worker?: number; outcome: string; prints: RegExp; seconds?: number },
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

/** The next deploy completes it: jobs that were started are not started again, the others are started once. */
async function fixes({ bucket, hosts, rollouts, lifecycles }: FleetBucket): Promise<void> {
  expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
  expect(await rollouts()).toEqual(Object.fromEntries(hosts.map((host) => [`api@${host}`, "promoted"])));
  expect(await lifecycles("api")).toEqual(hosts.map(() => ["start 0.0.0 1.0.0"]));
}

/** Lends a bucket with its own workers, the files of job api, and short time limits. */
function withWorkers(
  options: Parameters<typeof withFleetBucket>[0],
  use: (lent: FleetBucket) => Promise<void>,
): Promise<void> {
  return withFleetBucket(options, async (lent) => {
    lent.bucket.write("maand.conf", `${lent.conf}${QUICK}`);
    lent.bucket.job("api", V1);
    await use(lent);
  });
}

describe.concurrent("a worker that", () => {
  it("refuses connections", () =>
    withWorkers({ count: 2 }, async (lent) => {
      await lent.workers[1]?.cutOff();
      await failsOn(lent, { outcome: "unreachable", prints: /connection refused/ });
      await lent.workers[1]?.start();
      await fixes(lent);
    }));

  it("accepts connections and never answers", () =>
    withWorkers({ count: 2 }, async (lent) => {
      const worker = lent.workers[1] as FleetWorker;
      await worker.cutOff();
      const silent = await listening(
        createServer(() => {}),
        worker,
      );
      await failsOn(lent, { outcome: "unreachable", prints: /does not speak ssh, or is stalled, timed out after 5 s/ });
      silent.close();
      await worker.start();
      await fixes(lent);
    }));

  it("stops responding after the login, during a sync", () =>
    withWorkers({ count: 2 }, async (lent) => {
      const worker = lent.workers[1] as FleetWorker;
      lent.bucket.write("maand.conf", `${lent.conf}[timeouts]\ncommand = 10\n`);
      lent.bucket.job("api", V1, { big: "big\n".repeat(5_000_000) });
      const failed = failsOn(lent, { outcome: "timed out", prints: /syncing files to .* timed out after 10 s/ });
      await until("the worker's rsync", () => worker.processesWith("rsync --server").length > 0);
      worker.freeze();
      await failed;
      worker.thaw();
      await fixes(lent);
    }));

  it("loses its connection during a sync", () =>
    withWorkers({ count: 2 }, async (lent) => {
      const worker = lent.workers[1] as FleetWorker;
      lent.bucket.job("api", V1, { big: "big\n".repeat(5_000_000) });
      const failed = failsOn(lent, { outcome: "cut off", prints: /closed while files were synced/ });
      await until("the worker's rsync", () => worker.processesWith("rsync --server").length > 0);
      await worker.dropConnections();
      await failed;
      await fixes(lent);
    }));

  it("loses its connection during a command, which continues there: the next deploy waits for it and does not repeat it", () =>
    withWorkers({ count: 2 }, async (lent) => {
      const { bucket, workers, hosts, directory, lifecycles, rollouts } = lent;
      const worker = workers[1] as FleetWorker;
      bucket.write("maand.conf", lent.conf);
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

  it("has a read-only disk", () =>
    withWorkers({ count: 2, diskKb: 4_096 }, async (lent) => {
      await lent.workers[1]?.run(["mount", "-o", "remount,ro", "/opt/worker"]);
      await failsOn(lent, { outcome: "failed", prints: /its file system \/opt\/worker .*is mounted read-only/ });
      await lent.workers[1]?.run(["mount", "-o", "remount,rw", "/opt/worker"]);
      await fixes(lent);
    }));

  it.each(["rsync", "make", "python3"])("lacks %s", (tool) =>
    withWorkers({ count: 2 }, async (lent) => {
      await lent.workers[1]?.run(["mount", "--bind", "/dev/null", `/usr/bin/${tool}`]);
      await failsOn(lent, { outcome: "failed", prints: new RegExp(`lacks ${tool}`) });
      await lent.workers[1]?.run(["umount", `/usr/bin/${tool}`]);
      await fixes(lent);
    }),
  );

  it("has another host key than before: refused until it is trusted again", () =>
    withWorkers({ count: 2 }, async (lent) => {
      const { bucket, workers } = lent;
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      bucket.job("api", { ...V1, version: "2.0.0" });
      await workers[1]?.changeHostKey();
      const refused = await bucket.maand("deploy", "--build");
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("SHA256:");
      const pinned = bucket.read("secrets/known_hosts").split("\n");
      bucket.write(
        "secrets/known_hosts",
        pinned.filter((line) => !line.includes(lent.hosts[1] ?? "")).join("\n"),
        0o600,
      );
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(await lent.lifecycles("api")).toEqual(lent.hosts.map(() => ["start 0.0.0 1.0.0", "restart 1.0.0 2.0.0"]));
    }));

  it("allows one session at a time, and few parallel logins", () =>
    withWorkers({ count: 2, sshdConfig: ["MaxSessions 1", "MaxStartups 1"] }, async (lent) => {
      const jobs = ["api", "b", "c", "d", "e"];
      for (const job of jobs) lent.bucket.job(job, V1, { Makefile: CAREFUL_MAKEFILE });
      lent.bucket.write("maand.conf", lent.conf);
      expect(await lent.bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      for (const job of jobs)
        expect(await lent.lifecycles(job)).toEqual(lent.hosts.map(() => ["start 0.0.0 1.0.0", "end start"]));
      expect(await lent.bucket.maand("job", "restart", "api")).toMatchObject({ code: 0 });
    }));

  it("has a wrong clock: files from the future are replaced, and files from the past remain", () =>
    onFleet(fleet, async (lent) => {
      const { bucket, workers, directory } = lent;
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

it("a bucket with a long path with blanks works", () =>
  onFleet(fleet, async ({ bucket, hosts, lifecycles }) => {
    const above = mkdtempSync(join(tmpdir(), "maand far away "));
    const root = join(above, "a rather long name of a directory ".repeat(3), "it's (my) $bucket");
    bucket.job("api", V1, { big: "more than fits one request\n".repeat(100_000) });
    cpSync(bucket.root, root, { recursive: true });
    expect(await maand(["deploy", "--build"], { cwd: root })).toMatchObject({ code: 0 });
    expect(await lifecycles("api")).toEqual(hosts.map(() => ["start 0.0.0 1.0.0"]));
    rmSync(above, { recursive: true });
  }));

describe.concurrent("a target that", () => {
  it("fails: the last lines of its output are shown, and the rollout of the job ends with this batch", () =>
    onFleet(fleet, async (lent) => {
      lent.bucket.job("api", V1);
      const worker = lent.workers[1] as FleetWorker;
      await worker.write(`${lent.directory("api")}/data/fail-start`, "");
      await failsOn(lent, { outcome: "failed", prints: /make start of api failed with exit code 2/ });
      await worker.run(["rm", `${lent.directory("api")}/data/fail-start`]);
      expect(await lent.bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(await lent.lifecycles("api")).toEqual([["start 0.0.0 1.0.0"], ["start 0.0.0 1.0.0", "start 0.0.0 1.0.0"]]);
    }));

  it("hangs: its process group is stopped after timeout_seconds, with a message", () =>
    onFleet(fleet, async (lent) => {
      const { bucket, workers, directory } = lent;
      bucket.job("api", { ...V1, timeout_seconds: 1 }, { Makefile: CAREFUL_MAKEFILE });
      const worker = workers[1] as FleetWorker;
      await worker.write(`${directory("api")}/data/hold`, "");
      await failsOn(lent, { outcome: "timed out", prints: /make start of api timed out after 1 s/ });
      expect(worker.processesWith(`${directory("api")}/`)).toEqual([]);
      await worker.run(["rm", `${directory("api")}/data/hold`]);
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    }));

  it.each([
    ["prints a megabyte without a line end", "head -c 1000000 /dev/zero | tr '\\\\0' x"],
    ["prints binary data", "head -c 200000 /dev/urandom"],
    ["leaves a child behind that keeps its output open", "sleep 1000 & echo left"],
    ["leaves a server behind that continues to print", "(while test -e Makefile; do echo tick; sleep 0.05; done) &"],
  ])("%s", (_, recipe) =>
    onFleet(fleet, async (lent) => {
      lent.bucket.job("api", V1, {
        Makefile: `start:\n\t@mkdir -p data; ${recipe}\n\t@echo done >> data/lifecycle\nstop restart:\n`,
      });
      const began = performance.now();
      const { code, stderr } = await lent.bucket.maand("deploy", "--build");
      expect(code).toBe(0);
      expect(performance.now() - began).toBeLessThan(20_000);
      expect(Math.max(...stderr.split("\n").map((line) => line.length))).toBeLessThan(200_000);
      expect(await lent.lifecycles("api")).toEqual([["done"], ["done"]]);
      for (const worker of lent.workers) await worker.run(["rm", `${lent.directory("api")}/Makefile`]);
    }),
  );
});

function listening(server: Server, { host, port }: FleetWorker): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}
