import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type FleetBucket, onFleet } from "../../support/bucket/fleet-bucket.ts";
import { httpService, requestVersion } from "../../support/bucket/http-service.ts";
import { type Fleet, type FleetWorker, startFleet, until } from "../../support/fleet/index.ts";

/** The tests run one after another, because a reboot ends everything on a worker, including other tests. */
let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ count: 4 });
});

afterAll(() => fleet.close());

/** Ends everything that the previous test started, because the service has one port. */
beforeEach(async () => {
  for (const worker of fleet.workers) {
    await worker.stop();
    await worker.start();
  }
});

const DOWN_MS = 700;

interface Status {
  readonly pid: number | null;
  readonly workers: readonly {
    readonly worker_ip: string;
    readonly state: string;
    readonly step: string;
    readonly stopped: readonly string[];
    readonly message: string | null;
  }[];
}

/** Returns the output of a command, which must exit with code 0. */
async function succeeds(ended: ReturnType<FleetBucket["bucket"]["maand"]>): Promise<string> {
  const { code, stderr } = await ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stderr;
}

/** Deploys two jobs to all workers: a service, and the job that it depends on. */
async function serving({ bucket }: FleetBucket): Promise<void> {
  const { manifest, files } = httpService("1.0.0");
  const demands = { job: "base", command: "command_ready" };
  const commands = { command_wait: { executed_on: ["cli"], demands } };
  bucket.job("base", {
    version: "1.0.0",
    selectors: ["worker"],
    commands: { command_ready: { executed_on: ["cli"] } },
  });
  bucket.write("workspace/jobs/base/_modules/command_ready.py", "");
  bucket.job("web", { ...manifest, commands }, files);
  bucket.write("workspace/jobs/web/_modules/command_wait.py", "");
  await succeeds(bucket.maand("deploy", "--build"));
}

/** A client of the service. It records the largest number of workers that were down at the same time. */
function client(hosts: readonly string[]) {
  let [maxDown, rounds, isRunning] = [0, 0, true];
  const countDown = async () =>
    (await Promise.all(hosts.map(requestVersion))).filter((version) => version === undefined).length;
  const watching = (async () => {
    while (isRunning) {
      const first = await countDown();
      // checked again, because a worker may have started between two responses of the same round
      maxDown = Math.max(maxDown, first < 2 ? first : Math.min(first, await countDown()));
      rounds += 1;
    }
  })();
  return {
    async result() {
      isRunning = false;
      await watching;
      return { maxDown, rounds };
    },
  };
}

const ran = async (worker: FleetWorker) =>
  worker.exists("/opt/worker/ran") ? (await worker.read("/opt/worker/ran")).trimEnd().split("\n") : [];

/** A command that writes a line when it starts and when it ends, and waits in between while a file `hold` exists. */
const COMMAND = [
  "echo began >> /opt/worker/ran",
  "while test -e /opt/worker/hold; do sleep 0.02; done",
  'echo "ended as $(id -u) $DEBIAN_FRONTEND $NEEDRESTART_MODE" >> /opt/worker/ran',
].join("\n");

it("maintenance reboots four workers and keeps a quorum of three, and after a kill it resumes without repeating steps", () =>
  onFleet(fleet, async (fixture) => {
    const { bucket, workers, hosts, lifecycle } = fixture;
    await serving(fixture);
    const [first, second] = workers;
    if (!first || !second) throw new Error("too few workers");
    const rebootsOf = await Promise.all(workers.map((worker) => worker.reboots({ downMs: DOWN_MS })));
    const watched = client(hosts);

    await first.run(["touch", "/opt/worker/hold"]);
    const begun = bucket.start(["maintain", "--labels", "worker", "--run", COMMAND, "--reboot"]);
    await until("the command to begin", async () => (await ran(first)).length === 1, 30_000);
    begun.kill("SIGKILL");
    expect(await begun.ended).toMatchObject({ signal: "SIGKILL" });
    const status = await bucket.json<Status>("maintain", "status");
    expect(status).toMatchObject({
      pid: null,
      workers: [
        { worker_ip: hosts[0], state: "under_way", step: "command", stopped: ["base", "web"] },
        { state: "waiting" },
        { state: "waiting" },
        { state: "waiting" },
      ],
    });
    const deployed = await bucket.maand("deploy");
    expect(deployed).toMatchObject({ code: 0, stderr: expect.stringContaining(`${hosts[0]} is in maintenance`) });
    expect(await requestVersion(hosts[0] ?? "")).toBeUndefined();
    expect((await bucket.maand("cat", "workers")).stdout).toMatch(new RegExp(`${hosts[0]} .*maintenance`));
    expect(await bucket.maand("maintain", "-w", hosts[1] ?? "", "--reboot")).toMatchObject({ code: 2 });
    await first.run(["rm", "/opt/worker/hold"]);

    await second.run(["touch", "/opt/worker/hold"]);
    const interrupted = bucket.start(["maintain", "resume"]);
    await until("the second command to begin", async () => (await ran(second)).length === 1, 60_000);
    interrupted.kill("SIGINT");
    expect(await interrupted.ended).toMatchObject({ code: 130 });
    expect(await ran(second)).toEqual(["began"]);
    await second.run(["rm", "/opt/worker/hold"]);

    const resumed = bucket.start(["-C", bucket.root, "maintain", "resume"], { cwd: "/" });
    await until("the second reboot", () => rebootsOf[1]?.length === 1, 60_000);
    resumed.kill("SIGKILL");
    await resumed.ended;
    const last = await bucket.maand("maintain", "resume");
    expect(last).toMatchObject({ code: 0 });
    expect(last.stderr).toContain("maintenance done: 4 workers (4 done)");

    expect(rebootsOf.map((reboots) => reboots.length)).toEqual([1, 1, 1, 1]);
    expect(await Promise.all(workers.map(ran))).toEqual(workers.map(() => ["began", "ended as 0 noninteractive l"]));
    const { maxDown, rounds } = await watched.result();
    expect(maxDown).toBe(1);
    expect(rounds).toBeGreaterThan(20);
    expect(await Promise.all(hosts.map(requestVersion))).toEqual(hosts.map(() => "1.0.0"));
    expect((await lifecycle("web", second)).slice(1)).toEqual(["stop", "start 1.0.0"]);
    expect(await bucket.maand("maintain", "status")).toMatchObject({
      code: 0,
      stdout: "no maintenance is in progress\n",
    });
    const again = await bucket.maand("deploy");
    expect(again).toMatchObject({ code: 0, stderr: expect.not.stringContaining("start") });
  }));

it("maintenance sets a worker aside that does not start after its reboot, counts it against the budget, and never reboots it again", () =>
  onFleet(fleet, async (fixture) => {
    const { bucket, workers, hosts } = fixture;
    await serving(fixture);
    const [gone] = workers;
    if (!gone) throw new Error("no worker");
    const rebootsOf = await Promise.all(
      workers.map((worker) => worker.reboots({ downMs: worker === gone ? undefined : DOWN_MS })),
    );
    const list = hosts.slice(0, 2).join(",");
    const ended = await bucket.maand("maintain", "-w", list, "--reboot", "--timeout", "2s", "--on-failure", "continue");
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stderr).toContain(`set aside ${gone.host} (reboot): ${gone.host} was not back after 2 s`);
    expect(ended.stderr).toContain(`${gone.host} is unavailable because of maintenance`);
    const status = await bucket.json<Status>("maintain", "status");
    expect(status.workers.map(({ state }) => state)).toEqual(["set_aside", "waiting"]);
    const rows = await bucket.json<{ worker_ip: string; maintenance: number }[]>("cat", "allocations");
    expect(rows.filter(({ maintenance }) => maintenance === 1).map(({ worker_ip }) => worker_ip)).toEqual([
      gone.host,
      gone.host,
    ]);
    expect((await bucket.maand("deploy", "--dry-run")).stdout).toContain(`${gone.host} is in maintenance`);
    await succeeds(bucket.maand("health_check", "--jobs", "web"));

    await gone.start();
    await succeeds(bucket.maand("maintain", "resume"));
    expect(rebootsOf.map((reboots) => reboots.length)).toEqual([1, 1, 0, 0]);
    expect(await Promise.all(hosts.map(requestVersion))).toEqual(hosts.map(() => "1.0.0"));
  }));

it("drained workers stay drained until maintenance resumes, and an abort starts only what maintenance stopped", () =>
  onFleet(fleet, async (fixture) => {
    const { bucket, workers, hosts, lifecycle } = fixture;
    await serving(fixture);
    const [first] = workers;
    const [host = ""] = hosts;
    if (!first) throw new Error("no worker");
    const disabled = { jobs: { base: { allocations: [host] } } };
    bucket.disable(disabled);
    await succeeds(bucket.maand("deploy", "--build"));
    const written = bucket.read("workspace/disabled.json");

    await succeeds(bucket.maand("maintain", "-w", host, "--keep-drained"));
    expect(await requestVersion(host)).toBeUndefined();
    await succeeds(bucket.maand("deploy", "--force"));
    expect(await requestVersion(host)).toBeUndefined();
    await first.run(["rm", "-r", fixture.home]);
    await succeeds(bucket.maand("maintain", "resume"));
    expect(await requestVersion(host)).toBe("1.0.0");

    const failed = await bucket.maand("maintain", "-w", host, "--run", "exit 7", "--reboot");
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining(`set aside ${host} (command)`) });
    const aborted = await bucket.maand("maintain", "abort");
    expect(aborted).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("maintenance aborted: 1 worker (1 aborted)"),
    });
    expect(await requestVersion(host)).toBe("1.0.0");
    expect((await lifecycle("base", first)).filter((line) => line.startsWith("start"))).toEqual([]);
    expect(bucket.read("workspace/disabled.json")).toBe(written);
    expect(await bucket.maand("maintain", "resume")).toMatchObject({ code: 2 });
  }));
