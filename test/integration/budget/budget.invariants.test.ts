import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { BudgetState } from "../../../packages/core/src/run/budget/budget-state.ts";
import { DowntimeRows } from "../../../packages/core/src/store/pending-rows.ts";
import { Life, type Skipped, type Step } from "./life.ts";
import type { Violation } from "./simulated-workers.ts";

/**
 * Simulates random lives of a bucket: new releases, drains, restarts by hand, reboots, maintenance, crashes, unreachable workers,
 * failed commands, and kills of maand at any moment. In all of them, no command may take down more of a job than its budget allows.
 * To simulate more or other lives:
 *
 *     MAAND_MODEL_RUNS=2000 MAAND_MODEL_SEED=7 npx vitest run --config test/vitest.config.ts --project unit budget.invariants
 */
const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"];
const JOBS = ["api", "db"];
const RUNS = Number(process.env.MAAND_MODEL_RUNS ?? 6);
const SEED = Number(process.env.MAAND_MODEL_SEED ?? 15);
const LIMIT_MS = 3_600_000;
/** The number of random lives within which a planted fault must be found. */
const PLANTED_RUNS = 40;

const job = fc.constantFrom(...JOBS);
const host = fc.constantFrom(...HOSTS);
const some = fc.subarray(HOSTS);
const dies = fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined, freq: 3 });
const as = fc.record({
  version: fc.nat(3),
  batch: fc.integer({ min: 1, max: 4 }),
  budget: fc.constantFrom(1, 1, 2, "25%" as const, "50%" as const, undefined),
});
const fault = fc.option(
  fc
    .tuple(fc.constantFrom("restart", "stop", "start", "sick"), job, host)
    .map(([what, name, at]) => `${what} ${name}@${at}`),
  { nil: undefined, freq: 2 },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("job" as const), job, as }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("drain" as const),
      hosts: some,
      named: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: some }),
      whole: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("hosts" as const), hosts: fc.subarray(HOSTS, { minLength: 1 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("deploy" as const), force: fc.boolean(), fault, dies }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("control" as const),
      job,
      target: fc.constantFrom("stop", "restart", "restart", "reload", "start"),
      hosts: some,
      dies,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("reboot" as const),
      hosts: fc.subarray(HOSTS, { minLength: 1 }),
      ends: fc.constantFrom("back" as const, "back" as const, "away" as const, "killed" as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("maintain" as const),
      verb: fc.constantFrom("start" as const, "start" as const, "start" as const, "resume" as const, "abort" as const),
      hosts: fc.subarray(HOSTS, { minLength: 1 }),
      concurrency: fc.integer({ min: 1, max: 3 }),
      onFailure: fc.constantFrom("stop" as const, "continue" as const),
      away: fc.option(host, { nil: undefined, freq: 2 }),
      fault,
      dies,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), job, host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("heal" as const), job, host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("unreachable" as const), host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reachable" as const), host }) },
);

const BEGIN: readonly Step[] = [
  ...JOBS.map((name) => ({ do: "job" as const, job: name, as: { version: 0, batch: 2, budget: 1 } })),
  { do: "deploy", force: false },
];

async function violations(steps: readonly Step[], skipped?: Skipped): Promise<Violation[]> {
  const life = new Life(HOSTS, skipped);
  try {
    for (const one of [...BEGIN, ...steps]) {
      await life.live(one);
      if (life.sim.violations.length > 0) break;
    }
    return life.sim.violations;
  } finally {
    life.dispose();
  }
}

const lives = fc.array(step, { minLength: 10, maxLength: 25 });

/** Whether random lives contain a violation of a budget. */
async function isFound(skipped?: Skipped): Promise<boolean> {
  const property = fc.asyncProperty(lives, async (steps) => (await violations(steps, skipped)).length === 0);
  return (await fc.check(property, { numRuns: PLANTED_RUNS, seed: SEED, endOnFailure: true })).failed;
}

afterEach(() => vi.restoreAllMocks());

describe("the availability budget", () => {
  it(
    `is never exceeded (${RUNS} random lives)`,
    async () => {
      await fc.assert(
        fc.asyncProperty(lives, async (steps) => {
          expect(await violations(steps)).toEqual([]);
        }),
        { numRuns: RUNS, seed: SEED, endOnFailure: true },
      );
    },
    LIMIT_MS,
  );

  it.each(["deploy", "control", "reboot", "maintain"] as const)(
    "is exceeded in a random life if the path %s bypasses the arbiter",
    async (path) => {
      expect(await isFound(path)).toBe(true);
    },
    LIMIT_MS,
  );

  it(
    "is exceeded in a random life if the allocations that a run takes down are not counted",
    async () => {
      vi.spyOn(BudgetState.prototype, "takeDown").mockImplementation(() => undefined);
      vi.spyOn(DowntimeRows.prototype, "add").mockImplementation(() => undefined);
      expect(await isFound()).toBe(true);
    },
    LIMIT_MS,
  );

  it(
    "is exceeded in a random life if the results of a check are not counted",
    async () => {
      vi.spyOn(BudgetState.prototype, "saw").mockImplementation(() => undefined);
      expect(await isFound()).toBe(true);
    },
    LIMIT_MS,
  );

  it("is exceeded if a killed command leaves no record", async () => {
    const restart = (at: string, more = {}) => ({
      ...{ do: "control" as const, job: "db", target: "restart", hosts: [at] },
      ...more,
    });
    const life: Step[] = [restart("10.0.0.1", { dies: 1 }), restart("10.0.0.2")];
    expect(await violations(life)).toEqual([]);
    vi.spyOn(DowntimeRows.prototype, "add").mockImplementation(() => undefined);
    expect(await violations(life)).toMatchObject([{ what: "restart db@10.0.0.2", down: ["10.0.0.1"] }]);
  });
});
