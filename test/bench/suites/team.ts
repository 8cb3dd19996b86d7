import { postgresPrograms, startPostgres } from "../../support/postgres/postgres.ts";
import { writeJob, writeWorkspace } from "../../support/simulated-fleet/index.ts";
import { type SimulatedProcesses, simulatedProcesses } from "../simulated.ts";
import { type Cost, measuredOf, type Suite } from "../suite.ts";

const RUNS = 5;
const SIMULATION = { latencyMs: [1, 5], commandMs: [5, 5] } as const;

/** The same operations with the state of the bucket in PostgreSQL and in a file, in turns. The database is on this machine. */
export const team: Suite = async (workers = 64, jobs = 10) => {
  if (postgresPrograms() === undefined) {
    console.log("PostgreSQL is not installed, and team is left out (apt-get install postgresql)");
    return [];
  }
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
    for (let turn = 0; turn <= RUNS; turn += 1)
      for (const place of [own, shared])
        for (const [name, cost] of await turnOf(place, turn))
          if (turn > 0) {
            const row = `${name}, ${place === own ? "file" : "PostgreSQL"}`;
            costs.set(row, [...(costs.get(row) ?? []), cost]);
          }
    const rows = NAMES.flatMap((name) => [
      measuredOf({ name: `${name}, file` }, costs.get(`${name}, file`) ?? []),
      measuredOf({ name: `${name}, PostgreSQL`, floor: `${name}, file` }, costs.get(`${name}, PostgreSQL`) ?? []),
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

async function turnOf({ bucket, run }: SimulatedProcesses, turn: number): Promise<[string, Cost][]> {
  const [unchanged, dry] = [await run("deploy", "-q"), await run("deploy", "--dry-run")];
  writeJob(bucket, 0, `2.0.${turn}`);
  await run("build");
  return [
    [NAMES[0], unchanged],
    [NAMES[1], dry],
    [NAMES[2], await run("deploy", "-q")],
  ];
}
