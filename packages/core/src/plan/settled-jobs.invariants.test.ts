import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import { expect, it } from "vitest";
import { aChange, type Change, nothingWanted, type Wanted, want, write } from "../deploy/model.test.support.ts";
import { definePlugin } from "../plugin-api/plugin.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";
import type { Plan } from "./plan-deploy.ts";

/**
 * A settled job needs no action, whatever has changed in the bucket. For random sequences of changes, each plan that
 * omits settled jobs is compared with the complete plan.
 */
const NAMES = { jobs: ["db", "api", "lone"], hosts: ["10.0.0.1", "10.0.0.2", "10.0.0.3"] } as const;

/** A change of one row, made directly in the tables: `@J` is a job, `@A` an allocation of it. */
const ROWS = [
  "UPDATE promoted SET digest = (SELECT min(digest) FROM tree) WHERE allocation = @A",
  "UPDATE promoted SET version = '9.9.9' WHERE allocation = @A",
  "UPDATE promoted SET stopped = 1 - stopped WHERE allocation = @A",
  "UPDATE promoted SET health_failed = 1 - health_failed WHERE allocation = @A",
  "UPDATE promoted SET release = coalesce(release, 0) + 1 WHERE allocation = @A",
  "UPDATE promoted SET release = NULL WHERE allocation = @A",
  "UPDATE promoted SET previous_version = NULL, update_seq = NULL WHERE allocation = @A",
  "DELETE FROM promoted WHERE allocation = @A",
  "UPDATE staged SET digest = NULL WHERE allocation = @A",
  "UPDATE staged SET digest = 'other' WHERE allocation = @A",
  "DELETE FROM staged WHERE allocation = @A",
  "UPDATE planned SET digest = 'other' WHERE allocation = @A",
  "UPDATE planned SET source = NULL WHERE allocation = @A",
  "DELETE FROM planned WHERE allocation = @A",
  "UPDATE allocation SET disabled = 1 - disabled WHERE id = @A",
  "UPDATE allocation SET removed = 1 - removed WHERE id = @A",
  "DELETE FROM allocation WHERE id = @A",
  "INSERT OR IGNORE INTO allocation SELECT id || 'x', job, host || '0', 0, 0, 0, 0 FROM allocation WHERE id = @A",
  "INSERT INTO step (run, allocation, kind, started_at) SELECT max(number), @A, 'restart', '2026-01-01' FROM run HAVING @A IS NOT NULL AND count(*) > 0",
  "UPDATE step SET settled = 1",
  "INSERT OR IGNORE INTO pending_health SELECT id, 1 FROM allocation WHERE id = @A",
  "INSERT OR IGNORE INTO pending_after SELECT name FROM job WHERE name = @J",
  "INSERT OR IGNORE INTO rollout SELECT name, 1, NULL, 0, '2026-01-01', NULL, '2026-01-01', 'ada' FROM job WHERE name = @J",
  "INSERT OR IGNORE INTO maintenance (number, id, request, started_at, started_by) VALUES (1, 'm', '{}', '2026-01-01', 'ada')",
  "INSERT OR IGNORE INTO maintenance_worker SELECT 1, 0, host, 'drained', 'drain', 1, NULL, NULL, '2026-01-01' FROM allocation, maintenance WHERE allocation.id = @A",
  "UPDATE maintenance SET finished_at = '2026-01-02'",
] as const;

type Step =
  | { readonly do: "change"; readonly change: Change }
  | { readonly do: "rows"; readonly sql: string; readonly job: string; readonly host: string }
  | { readonly do: "shade" | "who"; readonly to: string }
  | { readonly do: "build" }
  | { readonly do: "deploy"; readonly force: boolean; readonly fault: string; readonly hosts: readonly string[] };

const host = fc.constantFrom(...NAMES.hosts);
const job = fc.constantFrom(...NAMES.jobs);
const fault = fc.oneof(
  { weight: 4, arbitrary: fc.constant("") },
  fc
    .tuple(fc.constantFrom("start", "restart", "stop", "verify"), job, host)
    .map(([what, name, at]) => `${what} ${name}@${at}`),
  host.map((at) => `connect ${at}`),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant("change" as const), change: aChange(NAMES) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("rows" as const), sql: fc.constantFrom(...ROWS), job, host }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("shade" as const, "who" as const), to: fc.constantFrom("", "a", "b") }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("build" as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("deploy" as const),
      force: fc.constantFrom(false, false, true),
      fault,
      hosts: fc.constantFrom([], [], [], [NAMES.hosts[0]]),
    }),
  },
);

interface Life {
  readonly bucket: TestBucket;
  readonly wanted: Wanted;
  /**
   * The text that plugins render. It is either the same for all allocations of a job, or contains the worker of each
   * allocation. If it is empty, nothing is rendered.
   */
  readonly rendered: { shade: string; who: string };
}

function begin(): Life {
  const rendered = { shade: "", who: "" };
  const shade = definePlugin({
    name: "shade",
    apply({ render }) {
      const sameForAll = ({ name }: { readonly name: string }) => rendered.who === "" || name !== "api";
      render.tap({ name: "shade", sameForAll }, (tree, { worker, job: { name } }) => {
        const own = rendered.who !== "" && name === "api" ? `${rendered.who} ${worker.host}` : "";
        const text = `${rendered.shade}${own}`;
        if (text === "") return tree;
        return {
          files: [...tree.files, { path: "shade", content: Buffer.from(text), hash: "", size: 0, executable: false }],
        };
      });
    },
  });
  const life = { bucket: aBucket({ plugins: [shade] }), wanted: nothingWanted(NAMES), rendered };
  for (const name of NAMES.jobs) life.wanted.jobs.set(name, { version: 0, text: 0, policy: "always", batch: 3 });
  return life;
}

async function live(life: Life, one: Step): Promise<void> {
  const { bucket, wanted, rendered } = life;
  if (one.do === "change") want(wanted, one.change);
  if (one.do === "change" || one.do === "build") {
    write({ ...bucket, workers: (hosts) => bucket.workers(...hosts) }, wanted, NAMES);
    await bucket.build().catch(() => undefined); // a refused build changes nothing
  } else if (one.do === "rows") changeRows(bucket, one);
  else if (one.do !== "deploy") rendered[one.do] = one.to;
  else {
    if (one.fault !== "") bucket.fleet.fail(one.fault);
    const workers = { flag: "--workers", words: [...one.hosts] } as const;
    await bucket.deploy({ force: one.force, workers }).catch(() => undefined); // all workers that it names may have been removed
    bucket.fleet.repair();
  }
}

function changeRows({ root }: TestBucket, { sql, ...of }: Extract<Step, { do: "rows" }>): void {
  const db = new Database(join(root, "data/maand.db"));
  db.pragma("foreign_keys = ON");
  const allocation =
    db.prepare("SELECT id FROM allocation WHERE job = ? AND host = ?").pluck().get(of.job, of.host) ?? null;
  const given = { ...(sql.includes("@A") && { A: allocation }), ...(sql.includes("@J") && { J: of.job }) };
  db.prepare(sql).run(given);
  db.close();
}

interface Shown {
  readonly required: boolean;
  readonly settled: number;
  readonly jobs: Readonly<Record<string, unknown>>;
}

/** The content of a plan for each job. A settled job has the same form as in the complete plan. */
function shownOf(plan: Plan): Shown {
  const all = plan.waves.flatMap(({ jobs }) => jobs);
  const jobs = all.map(({ job: { name }, allocations, settled, required, afterPending, healthPending, steps }) => [
    name,
    {
      ...{ required, afterPending, healthPending, steps: steps?.state },
      work: allocations
        .map(({ allocation, decision }) => `${decision.action} ${allocation.host}`)
        .concat((settled ?? []).map((one) => `skip ${one.host}`)),
    },
  ]);
  return {
    required: plan.required,
    settled: all.filter(({ settled }) => settled).length,
    jobs: Object.fromEntries(jobs),
  };
}

/** Compares both plans; returns the number of omitted jobs. */
async function compare({ bucket }: Life, hosts: readonly string[] = []): Promise<number> {
  const workers = { flag: "--workers", words: [...hosts] } as const;
  const whole = await bucket.plan({ workers }).catch(() => undefined);
  if (!whole) return 0;
  const [short, full] = [shownOf(await bucket.plan({ workers, brief: true })), shownOf(whole)];
  expect({ ...short, settled: 0 }).toEqual({ ...full, settled: 0 });
  expectRecorded(bucket, await bucket.plan({ workers, brief: true }));
  return short.settled;
}

/**
 * A deploy records nothing for a settled job: its allocations already have the release and the plan that it would
 * record.
 */
function expectRecorded({ root }: TestBucket, plan: Plan): void {
  const db = new Database(join(root, "data/maand.db"), { readonly: true });
  const rows = db.prepare(
    "SELECT p.release, p.digest = l.digest AS same FROM promoted p LEFT JOIN planned l USING (allocation) WHERE p.allocation = ?",
  );
  for (const { job: one, settled = [] } of plan.waves.flatMap(({ jobs }) => jobs))
    for (const { id } of settled) expect(rows.get(id)).toEqual({ release: one.release ?? null, same: 1 });
  db.close();
}

/**
 * Runs random sequences of changes. `flaw` is a statement that breaks the store after the first deploy. Returns the
 * number of omitted jobs.
 */
async function lives(flaw?: string): Promise<number> {
  let settled = 0;
  const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 9 }), async (steps) => {
    const life = begin();
    try {
      for (const one of [{ do: "build" }, { do: "deploy", force: false, fault: "", hosts: [] }] as const)
        await live(life, one);
      if (flaw !== undefined) changeRows(life.bucket, { do: "rows", sql: flaw, job: "", host: "" });
      for (const one of steps) {
        await live(life, one);
        settled += await compare(life);
        settled += await compare(life, ["10.0.0.2"]);
      }
    } finally {
      life.bucket.dispose();
    }
  });
  const { MAAND_MODEL_RUNS: numRuns = 25, MAAND_MODEL_SEED: seed = 7 } = process.env;
  await fc.assert(property, { numRuns: Number(numRuns), seed: Number(seed), endOnFailure: true });
  return settled;
}

it("a plan that omits settled jobs equals the complete plan after any changes", async () => {
  expect(await lives()).toBeGreaterThan(100); // otherwise the test has compared nothing
});

it.each(["placement_deleted", "promoted_changed", "staged_changed"])(
  "the comparison of the plans fails in a store without the trigger %s",
  async (trigger) => {
    await expect(lives(`DROP TRIGGER ${trigger}`)).rejects.toThrow("Property failed");
  },
  300_000,
);

/** For each trigger, a change to which no other trigger reacts. */
const NOTICED = {
  allocation_added: "INSERT INTO allocation VALUES ('new', 'lone', '10.0.0.9', 0, 0, 9, 0)",
  allocation_changed: "UPDATE allocation SET disabled = 1 WHERE id = @A",
  allocation_deleted: "DELETE FROM allocation WHERE id = @A",
  placement_deleted: "DELETE FROM placement WHERE job = 'lone'",
  promoted_added:
    "INSERT INTO promoted SELECT 'kept', digest, scheme, version, 1, stopped, previous_version, update_seq, release FROM promoted WHERE allocation = @A",
  promoted_changed: "UPDATE promoted SET health_failed = 1 WHERE allocation = @A",
  promoted_deleted: "DELETE FROM promoted WHERE allocation = @A",
  staged_added: "INSERT INTO staged VALUES ('kept', 'other')",
  staged_changed: "UPDATE staged SET digest = NULL WHERE allocation = @A",
  staged_deleted: "DELETE FROM staged WHERE allocation = @A",
  planned_added: "INSERT INTO planned VALUES ('kept', 'other', 'other')",
  planned_changed: "UPDATE planned SET source = NULL WHERE allocation = @A",
  planned_deleted: "DELETE FROM planned WHERE allocation = @A",
} as const;

it.each(Object.entries(NOTICED))("only the trigger %s makes a job unsettled after its change", async (trigger, sql) => {
  const life = begin();
  try {
    await live(life, { do: "build" });
    await life.bucket.deploy();
    for (const [isDropped, left] of [
      [true, true],
      [false, false],
    ] as const) {
      const db = new Database(join(life.bucket.root, "data/maand.db"));
      db.pragma("foreign_keys = OFF"); // no cascade changes other rows
      const isSettled = () => db.prepare("SELECT 1 FROM settled_job WHERE job = 'lone'").get() !== undefined;
      expect(isSettled()).toBe(true);
      const undone = db.transaction(() => {
        const id = db.prepare("SELECT id FROM allocation WHERE job = 'lone'").pluck().get();
        // adds an allocation without records, and restores the rows that the triggers delete on its insertion
        db.exec("CREATE TEMP TABLE kept AS SELECT * FROM settled_job");
        db.exec("CREATE TEMP TABLE kept_placement AS SELECT * FROM placement");
        db.exec(
          "INSERT OR IGNORE INTO allocation VALUES ('kept', 'lone', '10.0.0.8', 0, 0, 8, 0); INSERT OR IGNORE INTO placement SELECT * FROM kept_placement; INSERT OR IGNORE INTO settled_job SELECT * FROM kept",
        );
        if (isDropped) db.exec(`DROP TRIGGER ${trigger}`);
        db.prepare(sql).run(sql.includes("@A") ? { A: id } : {});
        expect(isSettled()).toBe(left);
        throw new Error("undo");
      });
      expect(undone).toThrow("undo");
      db.close();
    }
  } finally {
    life.bucket.dispose();
  }
});
