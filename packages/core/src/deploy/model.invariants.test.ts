import { cpSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MaandError } from "../errors.ts";
import { gc } from "../jobs/gc.ts";
import type { DeployOptions } from "../plan/plan-deploy.ts";
import { deployments } from "../store/views/deployments.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";
import {
  aChange,
  type Change,
  nothingWanted,
  promised,
  textOf,
  versionOf,
  type Wanted,
  want,
  wantedRunning,
  write,
} from "./model.test.support.ts";

/**
 * Random histories of a bucket, compared with the model. After a deploy in which nothing fails, exactly the wanted
 * allocations run, with the wanted version and files. Their health was checked afterwards, and another deploy does
 * nothing. A deploy, regardless of its outcome, changes only allocations that its dry run listed. To run more
 * histories, or different ones:
 *
 *     MAAND_MODEL_RUNS=5000 MAAND_MODEL_SEED=7 npx vitest run --config test/vitest.config.ts --project unit
 *     model.invariants
 */
const NAMES = { hosts: ["10.0.0.1", "10.0.0.2", "10.0.0.3"], jobs: ["db", "api", "web"] } as const;
const RUNS = Number(process.env.MAAND_MODEL_RUNS ?? 20);
const SEED = Number(process.env.MAAND_MODEL_SEED ?? 20);

/** A failure in a deploy. */
type Disturbance =
  | { readonly kind: "none" }
  /** An operation fails: `start api@10.0.0.1`, `connect 10.0.0.1`, `verify api@10.0.0.1`, ... */
  | { readonly kind: "fault"; readonly at: string }
  /** The nth operation is carried out, but its result is lost. */
  | { readonly kind: "disconnect"; readonly nth: number }
  /** maand dies before or after its nth operation on a worker. */
  | { readonly kind: "kill"; readonly before: boolean; readonly nth: number }
  /** The operator interrupts the nth operation. */
  | { readonly kind: "interrupt"; readonly nth: number };

type Step =
  | Change
  | { readonly do: "deploy"; readonly problem: Disturbance; readonly options: DeployOptions }
  | { readonly do: "gc" };

const job = fc.constantFrom(...NAMES.jobs);
const host = fc.constantFrom(...NAMES.hosts);
const lifecycle = fc
  .tuple(fc.constantFrom("start", "restart", "reload", "stop", "remove"), job, host)
  .map(([what, name, at]) => `${what} ${name}@${at}`);
const nth = fc.integer({ min: 1, max: 12 });
const problem: fc.Arbitrary<Disturbance> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ kind: "none" as const }) },
  {
    weight: 3,
    arbitrary: fc
      .oneof(
        lifecycle,
        host.map((at) => `stage ${at}`),
        host.map((at) => `connect ${at}`),
        fc.tuple(job, host).map(([name, at]) => `verify ${name}@${at}`),
      )
      .map((at) => ({ kind: "fault" as const, at })),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("disconnect" as const), nth }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("kill" as const), before: fc.boolean(), nth }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("interrupt" as const), nth }) },
);
const options: fc.Arbitrary<DeployOptions> = fc.record({
  jobs: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: job.map((name) => [name]) }),
  force: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  syncOnly: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: aChange(NAMES) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("deploy" as const), problem, options }) },
  { weight: 1, arbitrary: fc.constant({ do: "gc" as const }) },
);

/** A bucket that can be interrupted or killed. After a kill, only the content of its store at that moment remains. */
class Life {
  readonly wanted: Wanted = nothingWanted(NAMES);
  readonly bucket: TestBucket;
  /** Jobs that were once deployed with `--sync-only`. Their running versions depend on the operator. */
  readonly byHand = new Set<string>();
  /**
   * Allocations, as `job@host`, whose health was not checked by a completed run since their last successful command.
   */
  readonly unchecked = new Set<string>();
  #person = new AbortController();

  constructor() {
    const life = this;
    this.bucket = aBucket({
      get signal() {
        return life.#person.signal;
      },
    });
  }

  /** Builds the currently wanted state. */
  async build(): Promise<void> {
    const { bucket } = this;
    write({ ...bucket, workers: (hosts) => bucket.workers(...hosts) }, this.wanted, NAMES);
    await bucket.build();
  }

  /** The operations on workers since the last call, without syncs. */
  done(): string[] {
    const done = this.bucket.fleet.done.splice(0);
    return done.filter((what) => !what.startsWith("stage")).sort();
  }

  /** Allocations that are already promoted as wanted and must not be changed again. */
  async promoted(): Promise<string[]> {
    const bucket = await this.bucket.open();
    const rows = deployments(bucket.store);
    bucket.close();
    return rows.filter(({ rollout }) => rollout === "promoted").map(({ job: name, host: at }) => `${name}@${at}`);
  }

  async deploy(how: DeployOptions, problem: Disturbance): Promise<void> {
    const { fleet } = this.bucket;
    if (problem.kind === "fault") fleet.fail(problem.at, errorFor(problem.at));
    if (problem.kind === "disconnect")
      fleet.onDone = this.#atNth(problem.nth, () => {
        throw new MaandError({ code: "DISCONNECTED", message: "the connection was lost" });
      });
    if (problem.kind === "interrupt") fleet.onDo = this.#atNth(problem.nth, () => this.#person.abort());
    if (problem.kind === "kill") await this.#killed(how, problem);
    else await this.bucket.deploy(how);
    fleet.repair();
    fleet.onDo = () => undefined;
    fleet.onDone = () => undefined;
    this.#person = new AbortController();
    this.note();
  }

  /** Updates {@link unchecked} from the events of the last run. */
  note(): void {
    for (const event of this.bucket.events.splice(0)) {
      if (event.type === "action.finished" && event.outcome === "ok")
        this.unchecked.add(`${event.job}@${event.worker}`);
      if (event.type === "health.finished")
        for (const one of this.unchecked) if (one.startsWith(`${event.job}@`)) this.unchecked.delete(one);
    }
  }

  dispose(): void {
    this.bucket.dispose();
  }

  /** A killed run: its store keeps the content of that moment, and the run can no longer reach any worker. */
  async #killed(how: DeployOptions, { before, nth }: Extract<Disturbance, { kind: "kill" }>): Promise<void> {
    const { fleet, root } = this.bucket;
    const left = mkdtempSync(join(dirname(root), `${basename(root)}-left-`));
    let dead = false;
    const die = this.#atNth(nth, () => {
      cpSync(root, left, { recursive: true });
      dead = true;
      this.note();
    });
    const failIfDead = (what: string) => {
      die(what);
      if (dead) throw new Error("dead");
    };
    fleet.onDo = before ? failIfDead : () => (dead ? failIfDead("") : undefined);
    if (!before) fleet.onDone = failIfDead;
    await this.bucket.deploy(how);
    if (dead) {
      this.bucket.events.length = 0; // a killed process does not record events
      rmSync(root, { recursive: true });
      renameSync(left, root);
    } else rmSync(left, { recursive: true });
  }

  #atNth(nth: number, strike: () => void): (what: string) => void {
    let count = 0;
    return () => {
      count += 1;
      if (count === nth) strike();
    };
  }
}

function errorFor(what: string): MaandError | undefined {
  return what.startsWith("connect") ? new MaandError({ code: "UNREACHABLE", message: `${what} refused` }) : undefined;
}

/** A deploy, regardless of its outcome, does only what its dry run listed. Both refuse invalid options. */
async function tryDeploy(life: Life, { options: how, problem: what }: Extract<Step, { do: "deploy" }>): Promise<void> {
  const known = { ...how, jobs: how.jobs.filter((name) => life.wanted.jobs.has(name)) };
  await life.build();
  life.done();
  const plan = await life.bucket.plan(known).catch(refusal);
  if (plan === undefined) {
    await expect(life.bucket.deploy(known)).rejects.toMatchObject({ code: "PROBLEMS" });
    expect(life.done()).toEqual([]);
    return;
  }
  expect(life.done()).toEqual([]);
  const output = promised(plan);
  if (!known.force) for (const allocation of await life.promoted()) expect(output.join()).not.toContain(allocation);
  if (known.syncOnly) for (const name of known.jobs.length > 0 ? known.jobs : NAMES.jobs) life.byHand.add(name);
  await life.deploy(known, what);
  expect(life.done().filter((done) => !output.includes(done))).toEqual([]);
}

function refusal(cause: unknown): undefined {
  expect(cause).toMatchObject({ code: "PROBLEMS" });
}

/** gc deletes the records of cleaned-up allocations, or refuses to run. In both cases, it stops and starts nothing. */
async function collect(life: Life): Promise<void> {
  life.done();
  const bucket = await life.bucket.open();
  await gc(bucket)
    .catch(refusal)
    .finally(() => bucket.close());
  expect(life.done()).toEqual([]);
}

async function live(steps: readonly Step[]): Promise<void> {
  const life = new Life();
  const { bucket, wanted } = life;
  try {
    for (const one of steps) {
      if (one.do === "deploy") await tryDeploy(life, one);
      else if (one.do === "gc") await collect(life);
      else want(wanted, one);
    }
    await life.build();
    life.done();
    const plan = await bucket.plan();
    expect(life.done()).toEqual([]);
    const summary = await bucket.deploy();
    expect(summary).toMatchObject({ outcome: "ok", failures: [], blocked: [] });
    expect(life.done()).toEqual(promised(plan));
    expect(Object.keys(bucket.fleet.running()).sort()).toEqual(wantedRunning(wanted));
    life.note();
    expect(wantedRunning(wanted).filter((allocation) => life.unchecked.has(allocation))).toEqual([]);
    for (const allocation of wantedRunning(wanted)) expectFiles(life, allocation);
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(life.done()).toEqual([]);
    await collect(life);
    expect((await bucket.plan()).required).toBe(false);
  } finally {
    life.dispose();
  }
}

function expectFiles({ bucket, wanted, byHand }: Life, allocation: string): void {
  const [name = "", at = ""] = allocation.split("@");
  const as = wanted.jobs.get(name);
  const found = bucket.fleet.at(name, at);
  expect(found?.files["app.conf"]).toBe(as && textOf(as));
  if (as?.policy !== "never" && !byHand.has(name)) expect(found?.running).toBe(as && versionOf(as));
}

describe("after any history of a bucket", () => {
  it(`a deploy matches its dry run, reaches the wanted state, and leaves nothing to do (${RUNS} runs)`, async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 16 }), live), {
      numRuns: RUNS,
      seed: SEED,
      endOnFailure: false,
    });
  }, 3_600_000);
});
