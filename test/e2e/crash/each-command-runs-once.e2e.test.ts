import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { type FleetBucket, onFleet, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { killer, stepCounter } from "../../support/bucket/killer.ts";
import { localBucket } from "../../support/bucket/local-bucket.ts";
import { linesOf } from "../../support/bucket/scratch.ts";
import { seeded } from "../../support/bucket/seeded.ts";
import { type Fleet, startFleet, until } from "../../support/fleet/index.ts";
import { isStopped } from "../../support/fleet/processes.ts";

/**
 * Disturbs a deploy of two jobs on three workers at one of its steps, and repeats it until nothing is left to do. According
 * to the workers, every lifecycle command must have run once. For more moments, set MAAND_ONCE_MOMENTS=200. For other
 * moments, set MAAND_ONCE_SEED=7. For one kind only: -t "killed", -t "connection", -t "Ctrl-C".
 */
const MOMENTS = Number(process.env.MAAND_ONCE_MOMENTS ?? 3);
const SEED = Number(process.env.MAAND_ONCE_SEED ?? 1);
const JOBS = ["api", "web"];
/** The maximum number of deploys after a disturbed one: a lost connection can fail a batch, and a refused deploy is repeated. */
const TRIES = 3;

/** A Makefile that prints during its commands, so that some of the moments are in the middle of a command. */
const MAKEFILE = `start stop restart reload:
	@mkdir -p data; echo "begin $@ $(NEW_VERSION)" >> data/ran; echo "$(JOB) begins"; sleep 0.03; \\
	echo "$(JOB) ends"; echo "end $@ $(NEW_VERSION)" >> data/ran
`;

/** Disturbs a deploy at one of its steps, and waits until the deploy has ended. */
type Disturb = (fixture: FleetBucket, step: number, random: () => number) => Promise<void>;

const killed: Disturb = async ({ bucket }, step) => {
  await bucket.start(["deploy"], killer({ step })).ended;
};

const interrupted: Disturb = async ({ bucket }, step) => {
  const { code } = await bucket.start(["deploy"], killer({ step, signal: "SIGINT" })).ended;
  expect({ step, ended: code === null || code === 0 || code === 130 }).toEqual({ step, ended: true });
};

/** Stops the deploy at the step, closes its sessions on a worker, and continues the deploy. */
const cut: Disturb = async ({ bucket, workers }, step, random) => {
  const run = bucket.start(["deploy"], killer({ step, signal: "SIGSTOP" }));
  let over = false;
  void run.ended.then(() => {
    over = true;
  });
  await until("the deploy to stop", () => over || isStopped(run.pid));
  await workers[Math.floor(random() * workers.length)]?.dropConnections();
  run.kill("SIGCONT");
  await run.ended;
};

function write({ bucket }: FleetBucket, version: string): void {
  const manifest = { version, selectors: ["worker"], max_concurrent_upgrades: 1 };
  for (const job of JOBS) bucket.job(job, manifest, { Makefile: MAKEFILE });
}

async function built(fixture: FleetBucket, version: string): Promise<void> {
  write(fixture, version);
  expect(await fixture.bucket.maand("build")).toMatchObject({ code: 0 });
}

/** Deploys until nothing is left to do; returns the number of deploys. */
async function settle({ bucket }: FleetBucket): Promise<number> {
  for (let runs = 1; runs < TRIES; runs += 1) if ((await bucket.maand("deploy")).code === 0) return runs;
  expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
  return TRIES;
}

/** The targets of a version that have run, by `job@host`. */
async function ranOf({ workers, directory }: FleetBucket, version: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const worker of workers)
    for (const job of JOBS) {
      const lines = (await worker.read(`${directory(job)}/data/ran`)).split("\n");
      found[`${job}@${worker.host}`] = lines.filter((line) => line.endsWith(` ${version}`));
    }
  return found;
}

async function survive(fixture: FleetBucket, disturb: Disturb, seed: number): Promise<void> {
  const random = seeded(seed);
  const { bucket, hosts, rollouts } = fixture;
  await built(fixture, "1.0.0");
  expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
  await built(fixture, "1.0.1");
  const counted = `${bucket.root}/steps`;
  expect(await bucket.start(["deploy"], stepCounter(counted)).ended).toMatchObject({ code: 0 });
  const steps = Number(bucket.read("steps"));
  expect(steps).toBeGreaterThan(100);
  const allocations = JOBS.flatMap((job) => hosts.map((host) => `${job}@${host}`));
  const all = <T>(value: T) => Object.fromEntries(allocations.map((allocation) => [allocation, value]));
  for (let at = 0; at < MOMENTS; at += 1) {
    const version = `1.1.${at}`;
    const step = 1 + Math.floor(((at + random()) * steps) / MOMENTS);
    const where = `moment ${at} of seed ${seed}: step ${step} of ${steps}`;
    await built(fixture, version);
    await disturb(fixture, step, random);
    await settle(fixture);
    const once = [`begin restart ${version}`, `end restart ${version}`];
    expect({ where, ran: await ranOf(fixture, version) }).toEqual({ where, ran: all(once) });
    expect({ where, rollouts: await rollouts() }).toEqual({ where, rollouts: all("promoted") });
  }
}

describe.concurrent(`every lifecycle command runs once (${MOMENTS} moments)`, () => {
  let fleets: Fleet[];

  beforeAll(async () => {
    fleets = await Promise.all([startFleet({ count: 3 }), startFleet({ count: 3 })]);
  });

  afterAll(async () => {
    for (const fleet of fleets) await fleet.close();
  });

  it.each([
    ["maand is killed", killed, 0],
    ["Ctrl-C is pressed", interrupted, 0],
    ["a connection is lost", cut, 1],
  ] as const)(
    "when %s",
    (_, disturb, at) => onFleet(fleets[at] as Fleet, (fixture) => survive(fixture, disturb, SEED + at)),
    60_000 + MOMENTS * 30_000,
  );
});

const ONE = { version: "1.0.0", selectors: ["worker"] };
const BOOT_ID = "/proc/sys/kernel/random/boot_id";

describe.concurrent("a deploy that is killed during a command", () => {
  /** Kills a deploy while `start` of its only job waits until the file `hold` is removed. */
  async function killedDuringStart({ bucket, workers, hosts, directory }: FleetBucket) {
    const [worker] = workers;
    if (!worker) throw new Error("there is no worker");
    bucket.job("api", ONE, { Makefile: CAREFUL_MAKEFILE });
    const hold = `${directory("api")}/data/hold`;
    await worker.write(hold, "");
    const run = bucket.start(["deploy", "--build"]);
    await run.prints(`api@${hosts[0]} | api is at start`);
    run.kill("SIGKILL");
    await run.ended;
    return { worker, hold };
  }

  it("is continued by the next deploy, which waits for the command and shows its output", () =>
    withFleetBucket({ count: 1 }, async (fixture) => {
      const { bucket, hosts, lifecycles } = fixture;
      const { worker, hold } = await killedDuringStart(fixture);
      const next = bucket.start(["deploy"]);
      await next.prints("waiting for start");
      await next.prints(`api@${hosts[0]} | api is at start`);
      await worker.run(["rm", hold]);
      const { code, stderr } = await next.ended;
      expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("not running it again") });
      expect(stderr).toContain(`start api@${hosts[0]}: continues run 1`);
      expect(await lifecycles("api")).toEqual([["start 0.0.0 1.0.0", "end start"]]);
    }));

  it("is followed by a deploy that reports that the command failed, and by a deploy that runs the command again", () =>
    withFleetBucket({ count: 1 }, async (fixture) => {
      const { bucket, home, lifecycles, directory } = fixture;
      const { worker, hold } = await killedDuringStart(fixture);
      await worker.write(`${directory("api")}/data/fail-start`, "");
      await worker.run(["rm", hold]);
      await until("the command to end", () => worker.processesWith(home).length === 0);
      await worker.run(["rm", `${directory("api")}/data/fail-start`]);
      const { code, stderr } = await bucket.maand("deploy");
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("start refuses") });
      expect(await lifecycles("api")).toEqual([["start 0.0.0 1.0.0", "end start"]]);
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect((await lifecycles("api"))[0]).toHaveLength(4);
    }));

  it("is followed by a deploy that runs the command again if the worker was restarted", () =>
    withFleetBucket({ count: 1 }, async (fixture) => {
      const { bucket, lifecycles } = fixture;
      const { worker, hold } = await killedDuringStart(fixture);
      await worker.stop();
      await worker.run(["rm", hold]);
      await worker.write("/opt/worker/boot_id", "00000000-0000-4000-8000-000000000000\n");
      await worker.run(["mount", "--bind", "/opt/worker/boot_id", BOOT_ID]);
      await worker.start();
      const { code, stderr } = await bucket.maand("deploy");
      expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("this worker was restarted") });
      expect(await lifecycles("api")).toEqual([["start 0.0.0 1.0.0", "start 0.0.0 1.0.0", "end start"]]);
    }));
});

/** A plugin that starts its jobs with two commands. */
const PLUGIN = `import { lifecycle } from "@maand/core";
const write = (word, { directory, newVersion }) =>
  ["sh", "-c", 'mkdir -p data; echo "$1" >> data/ran; echo "$1"; sleep 0.03', "sh", word + " " + newVersion];
const apply = lifecycle({
  name: "own", before: "make",
  start: async (context) => {
    await context.once(write("first", context));
    await context.once(write("second", context));
  },
  stop: () => {},
});
export default { plugins: ["defaults", { name: "own", apply }] };
`;

it(
  "a command that a plugin runs with `once` runs once, even if maand is killed at any step",
  async () => {
    const bucket = await localBucket(2);
    try {
      bucket.write("maand.config.mjs", PLUGIN);
      const random = seeded(SEED);
      bucket.job("api", ONE);
      expect(await bucket.maand("build")).toMatchObject({ code: 0 });
      const counting = bucket.copy();
      expect(await counting.start(["deploy"], stepCounter(`${counting.root}/steps`)).ended).toMatchObject({ code: 0 });
      const steps = Number(counting.read("steps"));
      counting.dispose();
      for (let at = 0; at < MOMENTS; at += 1) {
        const copy = bucket.copy();
        const step = 1 + Math.floor(((at + random()) * steps) / MOMENTS);
        await copy.start(["deploy"], killer({ step })).ended;
        expect(await copy.maand("deploy")).toMatchObject({ code: 0 });
        const ran = copy.hosts.map((host) => linesOf(`${copy.directory("api", host)}/data/ran`));
        expect({ step, ran }).toEqual({ step, ran: copy.hosts.map(() => ["first 1.0.0", "second 1.0.0"]) });
        copy.dispose();
      }
    } finally {
      bucket.dispose();
    }
  },
  60_000 + MOMENTS * 30_000,
);
