import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FleetBucket, onFleet } from "../../support/bucket/fleet-bucket.ts";
import { killer, stepCounter } from "../../support/bucket/killer.ts";
import { seeded } from "../../support/bucket/seeded.ts";
import { type Fleet, startFleet, until } from "../../support/fleet/index.ts";
import { isStopped } from "../../support/fleet/processes.ts";

/**
 * A rollout of two jobs on three workers is disturbed at one of its steps, and deployed again until it is done: every lifecycle
 * command ran once, as counted on the workers. More moments: MAAND_ONCE_MOMENTS=200. Others: MAAND_ONCE_SEED=7. One form
 * alone: -t "killed", -t "connection", -t "Ctrl-C".
 */
const MOMENTS = Number(process.env.MAAND_ONCE_MOMENTS ?? 5);
const SEED = Number(process.env.MAAND_ONCE_SEED ?? 1);
const JOBS = ["api", "web"];
/** Deploys after a disturbed one: a cut connection may fail a batch, and one that is refused is repeated. */
const TRIES = 3;

/** Prints while it runs, so that some of the moments are in the middle of a command. */
const MAKEFILE = `start stop restart reload:
	@mkdir -p data; echo "begin $@ $(NEW_VERSION)" >> data/ran; echo "$(JOB) begins"; sleep 0.03; \\
	echo "$(JOB) ends"; echo "end $@ $(NEW_VERSION)" >> data/ran
`;

/** Disturbs a deploy at one of its steps; it has ended by then. */
type Disturb = (lent: FleetBucket, step: number, random: () => number) => Promise<void>;

const killed: Disturb = async ({ bucket }, step) => {
  await bucket.start(["deploy"], killer({ step })).ended;
};

const interrupted: Disturb = async ({ bucket }, step) => {
  const { code } = await bucket.start(["deploy"], killer({ step, signal: "SIGINT" })).ended;
  expect({ step, ended: code === null || code === 0 || code === 130 }).toEqual({ step, ended: true });
};

/** It stops itself at the step, its sessions on a worker end, and it goes on. */
const cut: Disturb = async ({ bucket, workers }, step, random) => {
  const run = bucket.start(["deploy"], killer({ step, signal: "SIGSTOP" }));
  let over = false;
  void run.ended.then(() => {
    over = true;
  });
  await until("the deploy to stop itself", () => over || isStopped(run.pid));
  await workers[Math.floor(random() * workers.length)]?.dropConnections();
  run.kill("SIGCONT");
  await run.ended;
};

function write({ bucket }: FleetBucket, version: string): void {
  const manifest = { version, selectors: ["worker"], max_concurrent_upgrades: 1 };
  for (const job of JOBS) bucket.job(job, manifest, { Makefile: MAKEFILE });
}

async function built(lent: FleetBucket, version: string): Promise<void> {
  write(lent, version);
  expect(await lent.bucket.maand("build")).toMatchObject({ code: 0 });
}

/** Deploys until it is done; how many runs that took. */
async function settle({ bucket }: FleetBucket): Promise<number> {
  for (let runs = 1; runs < TRIES; runs += 1) if ((await bucket.maand("deploy")).code === 0) return runs;
  expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
  return TRIES;
}

/** What ran of a version, by `job@host`. */
async function ranOf({ workers, directory }: FleetBucket, version: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const worker of workers)
    for (const job of JOBS) {
      const lines = (await worker.read(`${directory(job)}/data/ran`)).split("\n");
      found[`${job}@${worker.host}`] = lines.filter((line) => line.endsWith(` ${version}`));
    }
  return found;
}

async function survive(lent: FleetBucket, disturb: Disturb, seed: number): Promise<void> {
  const random = seeded(seed);
  const { bucket, hosts, rollouts } = lent;
  await built(lent, "1.0.0");
  expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
  await built(lent, "1.0.1");
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
    await built(lent, version);
    await disturb(lent, step, random);
    await settle(lent);
    const once = [`begin restart ${version}`, `end restart ${version}`];
    expect({ where, ran: await ranOf(lent, version) }).toEqual({ where, ran: all(once) });
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
    ["a connection is cut", cut, 1],
  ] as const)(
    "when %s",
    (_, disturb, at) => onFleet(fleets[at] as Fleet, (lent) => survive(lent, disturb, SEED + at)),
    60_000 + MOMENTS * 30_000,
  );
});
