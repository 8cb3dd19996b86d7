import { postgresPrograms, startPostgres } from "../../support/postgres/postgres.ts";
import { writeJob, writeWorkspace } from "../../support/simulated-fleet/index.ts";
import { type SimulatedProcesses, simulatedProcesses } from "../simulated.ts";
import { type Cost, measuredOf, type Suite } from "../suite.ts";

const RUNS = 5;
/** From this number of allocations on, only commands that change nothing are measured, and they run fewer times. */
const LARGE = 10_000;
const LARGE_RUNS = 3;
const SIMULATION = { latencyMs: [1, 5], commandMs: [5, 5] } as const;

/**
 * The same operations with the state of the bucket in PostgreSQL and in a file, in turns. The database is on this
 * machine. `team 1000 50` is the large bucket of `scale`.
 */
export const team: Suite = async (workers = 64, jobs = 10) => {
  if (postgresPrograms() === undefined) {
    console.log("PostgreSQL is not installed, so team is skipped (apt-get install postgresql)");
    return [];
  }
  const isLarge = workers * jobs >= LARGE;
  const [names, runs] = isLarge ? [NAMES.slice(0, 2), LARGE_RUNS] : [NAMES, RUNS];
  process.env.PGPASSWORD = "secret";
  const postgres = await startPostgres();
  const own = await simulatedProcesses(SIMULATION);
  const shared = await simulatedProcesses(SIMULATION);
  try {
    for (const { bucket, run } of [own, shared]) {
      writeWorkspace(bucket, { workers, jobs });
      await run("build");
      if (bucket === shared.bucket) await run("store", "move", "--to", postgres.database().replace(":secret@", "@"));
      await run("deploy", "-q");
    }
    const costs = new Map<string, Cost[]>();
    for (let turn = 0; turn <= runs; turn += 1)
      for (const place of [own, shared])
        for (const [name, cost] of await turnOf(place, isLarge ? undefined : turn))
          if (turn > 0) {
            const row = `${name}, ${place === own ? "file" : "PostgreSQL"}`;
            costs.set(row, [...(costs.get(row) ?? []), cost]);
          }
    const rows = names.flatMap((name) => [
      measuredOf({ name: `${name}, file` }, costs.get(`${name}, file`) ?? []),
      measuredOf({ name: `${name}, PostgreSQL`, baseline: `${name}, file` }, costs.get(`${name}, PostgreSQL`) ?? []),
    ]);
    return [{ title: `team: ${workers} simulated workers x ${jobs} jobs`, rows }];
  } finally {
    own.bucket.dispose();
    shared.bucket.dispose();
    await postgres.dispose();
    delete process.env.PGPASSWORD;
  }
};

const NAMES = ["unchanged deploy", "dry run", "deploy of one changed job"] as const;

/** The costs of one turn. With `turn`, also deploys a job with a new version. */
async function turnOf({ bucket, run }: SimulatedProcesses, turn: number | undefined): Promise<[string, Cost][]> {
  const [unchanged, dry] = [await run("deploy", "-q"), await run("deploy", "--dry-run")];
  if (turn === undefined)
    return [
      [NAMES[0], unchanged],
      [NAMES[1], dry],
    ];
  writeJob(bucket, 0, `2.0.${turn}`);
  await run("build");
  return [
    [NAMES[0], unchanged],
    [NAMES[1], dry],
    [NAMES[2], await run("deploy", "-q")],
  ];
}
