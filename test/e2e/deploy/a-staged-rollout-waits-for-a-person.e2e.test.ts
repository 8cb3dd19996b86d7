import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { type FleetBucket, onFleet } from "../../support/bucket/fleet-bucket.ts";
import { httpService, requestVersion } from "../../support/bucket/http-service.ts";
import { type Fleet, startFleet, until } from "../../support/fleet/index.ts";

const CLOCK = fileURLToPath(new URL("../../support/bucket/shifted-clock.mjs", import.meta.url));

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ count: 3 });
});

afterAll(() => fleet.close());

/** A job whose targets can be held, with the given steps. */
function write({ bucket }: FleetBucket, version: string, steps: readonly string[]): void {
  const manifest = { version, selectors: ["worker"], rollout: { steps } };
  bucket.job("api", manifest, { Makefile: CAREFUL_MAKEFILE, "app.conf": `${version}\n` });
}

/** Deploys 1.0.0, and builds 2.0.0. */
async function upgradeBuilt(fixture: FleetBucket, steps: readonly string[]): Promise<void> {
  write(fixture, "1.0.0", steps);
  expect(await fixture.bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
  write(fixture, "2.0.0", steps);
  expect(await fixture.bucket.maand("build")).toMatchObject({ code: 0 });
}

/** Runs a command, and kills it during the restart of the job on a worker. */
async function killAtRestart(
  { bucket, workers, directory, lifecycle }: FleetBucket,
  at: number,
  args: readonly string[],
) {
  const worker = workers[at];
  if (!worker) throw new Error(`there is no worker ${at}`);
  await worker.run(["touch", `${directory("api")}/data/hold`]);
  const killed = bucket.start(args);
  await until(
    "the restart to begin",
    async () => (await lifecycle("api", worker)).at(-1) === "restart 1.0.0 2.0.0",
    30_000,
  );
  killed.kill("SIGKILL");
  expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });
  await worker.run(["rm", `${directory("api")}/data/hold`]);
}

const done = (ran: readonly string[]) => ran.filter((line) => line.startsWith("restart") || line.startsWith("overlap"));

it.concurrent("a paused rollout survives kill -9 before and after the pause, and continues from another terminal", () =>
  onFleet(fleet, async (fixture) => {
    const { bucket, hosts, rollouts, lifecycles, workers, directory } = fixture;
    await upgradeBuilt(fixture, ["1", "pause", "100%"]);

    await killAtRestart(fixture, 0, ["deploy"]);
    expect(await bucket.maand("deploy")).toMatchObject({ code: 6 });
    const paused = Object.values(await rollouts());
    expect(paused).toEqual(["promoted", "paused", "paused"]);
    const [, second, third] = await lifecycles("api");
    expect([second, third].map((ran) => done(ran ?? []))).toEqual([[], []]);
    const conf = await Promise.all(workers.map((worker) => worker.read(`${directory("api")}/app.conf`)));
    expect(conf).toEqual(["2.0.0\n", "1.0.0\n", "1.0.0\n"]);

    const refused = await bucket.maand("rollback", "api");
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("maand rollout abort api goes back to r1"),
    });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 6 });
    expect(Object.values(await rollouts())).toEqual(paused);

    await killAtRestart(fixture, 1, ["rollout", "resume", "api"]);
    const elsewhere = bucket.start(["-C", bucket.root, "rollout", "resume", "api"], { cwd: "/" });
    expect(await elsewhere.ended).toMatchObject({ code: 0 });
    expect(Object.values(await rollouts())).toEqual(["promoted", "promoted", "promoted"]);
    const ran = (await lifecycles("api")).map(done);
    expect(ran.every((lines) => lines.every((line) => line === "restart 1.0.0 2.0.0"))).toBe(true);
    expect([ran.length, ran[2]]).toEqual([hosts.length, ["restart 1.0.0 2.0.0"]]);
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
  }));

it.concurrent("a timed wait continues with the remaining time after a kill", () =>
  onFleet(fleet, async (fixture) => {
    const { bucket, rollouts } = fixture;
    await upgradeBuilt(fixture, ["1", "1d", "100%"]);
    const endOfWait = async (signal: "SIGKILL" | "SIGINT") => {
      const waiting = bucket.start(["deploy"]);
      await waiting.prints("api: step 2 of 3 waits");
      waiting.kill(signal);
      const { code, stderr } = await waiting.ended;
      expect(code).toBe(signal === "SIGINT" ? 130 : null);
      return /waits .*, until (\S+)/.exec(stderr)?.[1];
    };
    const end = await endOfWait("SIGKILL");
    expect(Date.parse(end ?? "")).toBeGreaterThan(Date.now());
    expect(await endOfWait("SIGINT")).toBe(end);
    expect(Object.values(await rollouts())).toEqual(["promoted", "paused", "paused"]);

    const tomorrow = { preload: [CLOCK], env: { MAAND_TEST_CLOCK_DAYS: "1" } };
    expect(await bucket.start(["deploy"], tomorrow).ended).toMatchObject({ code: 0 });
    expect(Object.values(await rollouts())).toEqual(["promoted", "promoted", "promoted"]);
  }));

/** Writes a service that serves its version. A bad version ends a while after its first response. */
function serve({ bucket }: FleetBucket, version: string, rollout: object, isBad = false): void {
  const { manifest, files } = httpService(version, { rollout, on_failure: "revert" });
  const flawed = files["server.mjs"].replace(
    "response.end(version)",
    "response.end(version, () => setTimeout(process.exit, 300))",
  );
  bucket.job("web", manifest, isBad ? { ...files, "server.mjs": flawed } : files);
}

const versions = ({ hosts }: FleetBucket) => Promise.all(hosts.map(requestVersion));

it.concurrent("an abort restores the old release, and a release that fails during its soak is reverted automatically", () =>
  onFleet(fleet, async (fixture) => {
    const { bucket, rollouts } = fixture;
    const rollout = { steps: ["1", "pause", "100%"], soak_seconds: 0 };
    serve(fixture, "1.0.0", rollout);
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    serve(fixture, "2.0.0", rollout);
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 6 });
    expect(await versions(fixture)).toEqual(["2.0.0", "1.0.0", "1.0.0"]);
    expect(await bucket.maand("rollout", "abort", "web")).toMatchObject({ code: 0 });
    expect(await versions(fixture)).toEqual(["1.0.0", "1.0.0", "1.0.0"]);

    serve(fixture, "3.0.0", { ...rollout, soak_seconds: 3600 }, true);
    const failed = await bucket.maand("deploy", "--build");
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("into the soak of step 1 of 3 (1)") });
    expect(await versions(fixture)).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
    expect(Object.values(await rollouts())).toEqual(["promoted", "promoted", "promoted"]);
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0, stderr: expect.stringContaining("web is held: r3") });
    await bucket.maand("job", "stop", "web");
  }));
