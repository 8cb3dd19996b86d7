import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import { expect, it } from "vitest";
import { asMaandError } from "../bucket/error-outcome.ts";
import { definePlugin } from "../plugin-api/plugin.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

/**
 * A build that skips the jobs whose placement is recorded must store the same rows as a build from scratch. Two buckets
 * go through the same random changes, and one of them drops all recorded placements before each build.
 */
const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"] as const;
const JOBS = ["api", "db", "lone"] as const;

interface JobAs {
  readonly version: string;
  readonly selectors: readonly string[];
  readonly memory: string;
  readonly vars: string;
}

type Step =
  | { readonly do: "worker"; readonly host: string; readonly labels: readonly string[] | undefined }
  | { readonly do: "job"; readonly job: string; readonly as: JobAs | undefined }
  | { readonly do: "disable"; readonly workers: readonly string[]; readonly jobs: Readonly<Record<string, object>> }
  | { readonly do: "rows"; readonly sql: string; readonly job: string; readonly host: string }
  | { readonly do: "deploy" };

/** Changes to rows that another program could make. */
const ROWS = [
  "UPDATE allocation SET disabled = 1 - disabled WHERE job = @J AND host = @H",
  "UPDATE allocation SET drained = 1 - drained WHERE job = @J AND host = @H",
  "UPDATE allocation SET removed = 1 - removed WHERE job = @J AND host = @H",
  "UPDATE allocation SET position = position + 1 WHERE job = @J AND host = @H",
  "DELETE FROM allocation WHERE job = @J AND host = @H",
  "DELETE FROM allocation WHERE job = @J AND host = @H AND removed = 1",
  "INSERT OR IGNORE INTO allocation SELECT id || 'x', job, '10.0.0.9', 0, 0, 9, 0 FROM allocation WHERE job = @J AND host = @H",
] as const;

const host = fc.constantFrom(...HOSTS);
const job = fc.constantFrom(...JOBS);
const labels = fc.uniqueArray(fc.constantFrom("web", "disk"));
const as = fc.record({
  version: fc.constantFrom("1.0.0", "2.0.0"),
  selectors: labels,
  memory: fc.constantFrom("", "600 mb"),
  vars: fc.constantFrom("a", "b"),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("worker" as const), host, labels: fc.option(labels, { nil: undefined }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("job" as const), job, as: fc.option(as, { nil: undefined }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("disable" as const),
      workers: fc.uniqueArray(host, { maxLength: 1 }),
      jobs: fc.dictionary(
        job,
        fc.oneof(
          fc.constant({}),
          host.map((at) => ({ allocations: [at] })),
        ),
        { maxKeys: 1 },
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("rows" as const), sql: fc.constantFrom(...ROWS), job, host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("deploy" as const) }) },
);

interface Life {
  readonly bucket: TestBucket;
  readonly workers: Map<string, readonly string[]>;
  readonly jobs: Map<string, JobAs>;
  disabled: { readonly workers: readonly string[]; readonly jobs: Readonly<Record<string, object>> };
}

/**
 * Jobs of version 2.0.0 contribute an entry for every worker except the first, with one call for all workers or one
 * call for each.
 */
function contributing(isTogether: boolean) {
  return definePlugin({
    name: "entries",
    apply({ contribute }) {
      contribute.tap("entries", ({ job: { name, version }, allocations, kv }) => {
        const own = new Map(
          allocations.flatMap(({ host: at }): [string, Record<string, string>][] =>
            version === "2.0.0" && at !== HOSTS[0] ? [[at, { "certs/own": `${name} ${at}` }]] : [],
          ),
        );
        if (isTogether) kv.syncAllocations("certs/", own);
        else
          for (const { host: at } of allocations)
            kv.sync(`maand/job/${name}/worker/${at}`, "certs/", own.get(at) ?? {});
      });
    },
  });
}

function begin(isTogether: boolean): Life {
  const bucket = aBucket({ plugins: [contributing(isTogether)], now: () => new Date(0) });
  const first: JobAs = { version: "1.0.0", selectors: ["worker"], memory: "", vars: "a" };
  return {
    bucket,
    workers: new Map(HOSTS.map((at) => [at, []])),
    jobs: new Map(JOBS.map((name) => [name, first])),
    disabled: { workers: [], jobs: {} },
  };
}

/**
 * Writes the workspace. `disabled.json` contains only names that exist in the workspace, because a build refuses other
 * names.
 */
function write({ bucket, workers, jobs, disabled }: Life): void {
  bucket.workers(...[...workers].map(([at, own]) => ({ host: at, labels: own, memory: "1 gb" })));
  for (const name of JOBS) {
    bucket.job(name, {});
    bucket.removeJob(name);
    const own = jobs.get(name);
    if (!own) continue;
    const { version, selectors, memory, vars } = own;
    const resources = memory === "" ? {} : { resources: { memory: { min: memory, max: memory } } };
    bucket.job(name, { version, selectors, ...resources }, { "vars.toml": `color = "${vars}"\n` });
  }
  const isThere = (entry: { allocations?: string[] }) => (entry.allocations ?? []).every((at) => workers.has(at));
  bucket.disable({
    workers: disabled.workers.filter((at) => workers.has(at)),
    jobs: Object.fromEntries(Object.entries(disabled.jobs).filter(([name, entry]) => jobs.has(name) && isThere(entry))),
  });
}

function change(life: Life, one: Step): void {
  if (one.do === "worker" && one.labels) life.workers.set(one.host, one.labels);
  else if (one.do === "worker") life.workers.delete(one.host);
  else if (one.do === "job" && one.as) life.jobs.set(one.job, one.as);
  else if (one.do === "job") life.jobs.delete(one.job);
  else if (one.do === "disable") life.disabled = one;
  else if (one.do === "rows") inStore(life, (db) => db.prepare(one.sql).run({ J: one.job, H: one.host }));
}

function inStore<T>({ bucket }: Life, work: (db: Database.Database) => T): T {
  const db = new Database(join(bucket.root, "data/maand.db"));
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/** Everything that a build stored. Random ids are replaced with the name of what they identify. */
function storedBy(life: Life): unknown {
  return inStore(life, (db) => {
    const rows = (sql: string) => db.prepare<[], Record<string, unknown>>(sql).all();
    const all = {
      workers: rows("SELECT host, removed, spec FROM worker ORDER BY host"),
      jobs: rows("SELECT name, removed, spec FROM job ORDER BY name"),
      allocations: rows("SELECT * FROM allocation ORDER BY job, host"),
      kv: rows("SELECT namespace, key, value, version, deleted FROM kv ORDER BY namespace, key, version"),
    };
    const drawn = new Map(
      rows("SELECT host, worker_id FROM worker").map((row) => [String(row.worker_id), `id of ${row.host}`]),
    );
    const ids = /[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;
    const bucketId = String(db.prepare("SELECT value FROM kv WHERE key = 'bucket_id'").pluck().get());
    return JSON.parse(
      JSON.stringify(all).replace(ids, (id) => (id === bucketId ? "id of the bucket" : (drawn.get(id) ?? id))),
    );
  });
}

function placementsOf(life: Life): unknown[] {
  return inStore(life, (db) => db.prepare("SELECT * FROM placement ORDER BY job").all());
}

async function built({ bucket }: Life) {
  try {
    const { allocations, problems } = await bucket.build();
    return { allocations, problems };
  } catch (cause) {
    return asMaandError(cause).message;
  }
}

/**
 * Runs random sequences of changes. `flaw` is an SQL statement that breaks the store with recorded placements. Returns
 * the number of skipped placements.
 */
async function lives(flaw?: string): Promise<number> {
  let left = 0;
  const property = fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 7 }), async (steps) => {
    const [life, scratch] = [begin(true), begin(false)];
    try {
      const build = async () => {
        for (const one of [life, scratch]) write(one);
        inStore(scratch, (db) => db.exec("DELETE FROM placement"));
        const results = [await built(life), await built(scratch)];
        expect(results[0]).toEqual(results[1]);
        expect(storedBy(life)).toEqual(storedBy(scratch));
        // a refused build stores nothing
        if (typeof results[0] !== "string") expect(placementsOf(life)).toEqual(placementsOf(scratch));
      };
      await build();
      if (flaw !== undefined) inStore(life, (db) => db.exec(flaw));
      for (const one of steps) {
        for (const each of [life, scratch]) {
          change(each, one);
          if (one.do === "deploy") await each.bucket.deploy().catch(() => undefined);
        }
        left += inStore(life, (db) => Number(db.prepare("SELECT count(*) FROM placement").pluck().get()));
        await build();
      }
    } finally {
      life.bucket.dispose();
      scratch.bucket.dispose();
    }
  });
  const { MAAND_MODEL_RUNS: numRuns = 20, MAAND_MODEL_SEED: seed = 7 } = process.env;
  await fc.assert(property, { numRuns: Number(numRuns), seed: Number(seed), endOnFailure: true });
  return left;
}

it("a build with recorded placements stores the same as a build from scratch after any changes", async () => {
  expect(await lives()).toBeGreaterThan(100); // otherwise the test has compared nothing
});

it.each(["allocation_added", "allocation_changed", "allocation_deleted"])(
  "the comparison of the two buckets fails in a store without the trigger %s",
  async (trigger) => {
    await expect(lives(`DROP TRIGGER ${trigger}`)).rejects.toThrow("Property failed");
  },
  300_000,
);
