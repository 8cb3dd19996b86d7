import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { killer } from "../support/bucket/killer.ts";
import { type Scratch, scratch } from "../support/bucket/scratch.ts";
import { seeded } from "../support/bucket/seeded.ts";
import { type Fleet, startFleet } from "../support/fleet/index.ts";
import { type Machine, startMachine } from "../support/machines/machine.ts";
import { type Postgres, startPostgres } from "../support/postgres/postgres.ts";
import { ENVIRONMENT } from "../support/postgres/team-bucket.ts";

/** For more rounds, set MAAND_SLOW=1 or MAAND_ROUNDS=200. For other rounds, set MAAND_ROUNDS_SEED=7. */
const ROUNDS = Number(process.env.MAAND_ROUNDS ?? (process.env.MAAND_SLOW === "1" ? 50 : 3));
const SEED = Number(process.env.MAAND_ROUNDS_SEED ?? 1);

vi.setConfig({ testTimeout: 120_000 + ROUNDS * 60_000, hookTimeout: 180_000 }); // a busy machine must not fail a test

const JOBS = ["api", "web"];
/** The highest step at which a deploy can be killed. A deploy may end before its step. */
const STEPS = 500;

/** Records the start and end of each target, and overlaps with other targets, in the job's directory. */
const MAKEFILE = `start stop restart reload:
	@mkdir -p data; mkdir data/alone || echo "overlap" >> data/ran; echo "begin $@ $(NEW_VERSION)" >> data/ran; sleep 0.05; \\
	echo "end $@ $(NEW_VERSION)" >> data/ran; rmdir data/alone
`;

let postgres: Postgres;
let fleet: Fleet;
/** Two machines, each with its own copy of the bucket. */
const all: { readonly machine: Machine; readonly bucket: Scratch }[] = [];
let url = "";

beforeAll(async () => {
  [postgres, fleet] = await Promise.all([startPostgres(), startFleet({ count: 2 })]);
  url = postgres.database().replace(":secret@", "@");
  const places = [`127.0.0.1:${postgres.port}`, ...fleet.workersJson().map(({ host, port }) => `${host}:${port}`)];
  const bucket = await scratch(fleet.conf);
  bucket.workers(...fleet.workersJson());
  write(bucket, "1.0.0");
  const first = await startMachine("one", places);
  all.push({ machine: first, bucket });
  for (const line of [["build"], ["deploy"], ["store", "move", "--to", url]])
    expect(await run(0, line)).toMatchObject({ code: 0 });
  all.push({ machine: await startMachine("two", places), bucket: bucket.copy() });
});

afterAll(async () => {
  for (const { machine, bucket } of all) {
    await machine.close();
    bucket.dispose();
  }
  await fleet?.close();
  await postgres?.dispose();
});

function write(bucket: Scratch, version: string): void {
  const manifest = { version, selectors: ["worker"], max_concurrent_upgrades: 1 };
  for (const job of JOBS) bucket.job(job, manifest, { Makefile: MAKEFILE });
}

/** Runs maand on a machine, and kills it at the step `killedAt`. */
function run(at: number, args: readonly string[], killedAt?: number) {
  const { machine, bucket } = all[at] ?? { machine: undefined, bucket: undefined };
  if (!machine) throw new Error(`there is no machine ${at}`);
  const how = killedAt === undefined ? { env: {}, preload: [] } : killer({ step: killedAt });
  return machine.maand(bucket, args, { ...how, env: { ...how.env, ...ENVIRONMENT } });
}

/** The targets of a version that have run, by `job@host`. */
async function ran(version: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  const { bucket_id: id } = JSON.parse((await run(0, ["info", "--json"])).stdout);
  for (const worker of fleet.workers)
    for (const job of JOBS) {
      const lines = (await worker.read(`/opt/worker/${id}/jobs/${job}/data/ran`)).split("\n");
      found[`${job}@${worker.host}`] = lines.filter((line) => line.endsWith(` ${version}`) || line === "overlap");
    }
  return found;
}

/** The same value for each allocation. */
function everywhere<T>(value: T): Record<string, T> {
  return Object.fromEntries(JOBS.flatMap((job) => fleet.workers.map(({ host }) => [`${job}@${host}`, value])));
}

/** Deploys on both machines, one after the other or at the same time, and kills some of the deploys. */
async function disturb(random: () => number): Promise<void> {
  const killedAt = () => (random() < 0.6 ? 1 + Math.floor(random() * STEPS) : undefined);
  const [first, second] = [
    () => run(0, ["deploy", "--build"], killedAt()),
    () => run(1, ["deploy", "--build"], killedAt()),
  ];
  if (random() < 0.5) await Promise.all([first(), second()]);
  else {
    await first();
    await second();
  }
}

it(`two machines whose deploys overlap and are killed lose nothing and run no command twice (${ROUNDS} rounds)`, async () => {
  const random = seeded(SEED);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const version = `1.${round}.0`;
    for (const { bucket } of all) write(bucket, version);
    await disturb(random);
    // otherwise the next deploy would wait 30 seconds, because a machine cannot detect dead processes of another machine
    postgres.sql(url, "UPDATE maand.lease SET expires_at = clock_timestamp() - interval '1 ms'");
    const last = random() < 0.5 ? 0 : 1;
    const where = `round ${round} of seed ${SEED}`;
    const done = await run(last, ["deploy", "--build"]);
    expect({ where, code: done.code, stderr: done.stderr }).toMatchObject({ where, code: 0 });
    const once = [`begin restart ${version}`, `end restart ${version}`];
    expect({ where, ran: await ran(version) }).toEqual({ where, ran: everywhere(once) });
    const rows = JSON.parse((await run(1 - last, ["cat", "deployments", "--json"])).stdout) as {
      readonly job: string;
      readonly worker_ip: string;
      readonly rollout: string;
      readonly version: string;
    }[];
    const rollouts = Object.fromEntries(rows.map(({ job, worker_ip, rollout }) => [`${job}@${worker_ip}`, rollout]));
    expect({ where, rollouts }).toEqual({ where, rollouts: everywhere("promoted") });
  }
});
