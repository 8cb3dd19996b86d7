import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MaandError } from "../errors.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";
import type { Plan } from "./plan-deploy.ts";

/**
 * Random lives of a bucket, held against the smallest model there is: after a deploy in which nothing fails, exactly the
 * allocations that are wanted run, in the version and with the files that are wanted, and a further deploy does nothing.
 */
const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"] as const;
const JOBS = ["api", "db"] as const;

interface WantedJob {
  readonly version: number;
  readonly text: number;
  readonly policy: "always" | "reload" | "never";
  readonly batch: number;
}

/** What a person wants; the whole model. */
interface Wanted {
  readonly jobs: Map<string, WantedJob>;
  readonly hosts: Set<string>;
  readonly disabledHosts: Set<string>;
  readonly disabledJobs: Set<string>;
}

type Step =
  | { readonly do: "job"; readonly job: string; readonly as: WantedJob }
  | { readonly do: "remove"; readonly job: string }
  | { readonly do: "worker"; readonly host: string }
  | { readonly do: "drain-worker"; readonly host: string }
  | { readonly do: "drain-job"; readonly job: string }
  | { readonly do: "deploy"; readonly fault: string; readonly force: boolean };

const job = fc.constantFrom(...JOBS);
const host = fc.constantFrom(...HOSTS);
const fault = fc.oneof(
  fc.constant(""),
  fc
    .tuple(fc.constantFrom("start", "restart", "reload", "stop", "remove"), job, host)
    .map(([what, name, at]) => `${what} ${name}@${at}`),
  host.map((at) => `stage ${at}`),
  host.map((at) => `connect ${at}`),
  fc.tuple(job, host).map(([name, at]) => `verify ${name}@${at}`),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("job" as const),
      job,
      as: fc.record({
        version: fc.nat(2),
        text: fc.nat(1),
        policy: fc.constantFrom("always" as const, "reload" as const, "never" as const),
        batch: fc.integer({ min: 1, max: 3 }),
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), job }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("worker" as const), host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drain-worker" as const), host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drain-job" as const), job }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("deploy" as const), fault, force: fc.boolean() }) },
);

function toggle(set: Set<string>, name: string): void {
  if (!set.delete(name)) set.add(name);
}

function want(wanted: Wanted, change: Exclude<Step, { do: "deploy" }>): void {
  if (change.do === "job") wanted.jobs.set(change.job, change.as);
  else if (change.do === "remove") wanted.jobs.delete(change.job);
  else if (change.do === "worker") toggle(wanted.hosts, change.host);
  else if (change.do === "drain-worker") toggle(wanted.disabledHosts, change.host);
  else toggle(wanted.disabledJobs, change.job);
}

/** Writes what is wanted into the workspace, as a person would. */
function write(bucket: TestBucket, wanted: Wanted): void {
  bucket.workers(...wanted.hosts);
  for (const name of JOBS) {
    const as = wanted.jobs.get(name);
    if (as === undefined) bucket.write(`jobs/${name}/manifest.json`, "{}");
    bucket.removeJob(name === undefined ? "" : ensured(bucket, name));
    if (as)
      bucket.job(
        name,
        { version: versionOf(as), selectors: ["worker"], restart_policy: as.policy, max_concurrent_upgrades: as.batch },
        { "app.conf": textOf(as) },
      );
  }
  bucket.disable({
    workers: [...wanted.disabledHosts],
    jobs: Object.fromEntries([...wanted.disabledJobs].map((name) => [name, {}])),
  });
}

function ensured(bucket: TestBucket, name: string): string {
  bucket.write(`jobs/${name}/.here`, "");
  return name;
}

const versionOf = ({ version }: WantedJob) => `1.${version}.0`;
const textOf = ({ text }: WantedJob) => `text ${text}\n`;

/** What must run after a deploy without faults. */
function model(wanted: Wanted): string[] {
  return [...wanted.jobs.keys()]
    .filter((name) => !wanted.disabledJobs.has(name))
    .flatMap((name) => [...wanted.hosts].filter((at) => !wanted.disabledHosts.has(at)).map((at) => `${name}@${at}`))
    .sort();
}

/** What a plan says will be done on workers, in the words of the fake fleet. */
function promised(plan: Plan): string[] {
  const leaving = plan.leaving.flatMap(({ job: { name }, allocation, stop, remove }) => [
    ...(stop ? [`stop ${name}@${allocation.host}`] : []),
    ...(remove ? [`remove ${name}@${allocation.host}`] : []),
  ]);
  const rest = plan.waves.flatMap((wave) =>
    wave.jobs.flatMap(({ job: { name }, allocations }) =>
      allocations
        .filter(({ decision }) => ["start", "restart", "reload"].includes(decision.action))
        .map(({ decision, allocation }) => `${decision.action} ${name}@${allocation.host}`),
    ),
  );
  return [...leaving, ...rest].sort();
}

function done(bucket: TestBucket): string[] {
  return bucket.fleet.done
    .splice(0)
    .filter((what) => !what.startsWith("stage"))
    .sort();
}

async function live(steps: readonly Step[]): Promise<void> {
  const bucket = aBucket();
  const wanted: Wanted = { jobs: new Map(), hosts: new Set(HOSTS), disabledHosts: new Set(), disabledJobs: new Set() };
  try {
    for (const change of steps) {
      if (change.do !== "deploy") {
        want(wanted, change);
        continue;
      }
      write(bucket, wanted);
      await bucket.build();
      if (change.fault !== "") bucket.fleet.fail(change.fault, faultError(change.fault));
      await bucket.deploy({ force: change.force });
      bucket.fleet.mend();
    }
    write(bucket, wanted);
    await bucket.build();
    done(bucket);
    const plan = await bucket.plan();
    expect(done(bucket)).toEqual([]);
    const summary = await bucket.deploy();
    expect(summary).toMatchObject({ outcome: "ok", failures: [], blocked: [] });
    expect(done(bucket)).toEqual(promised(plan));
    expect(Object.keys(bucket.fleet.running()).sort()).toEqual(model(wanted));
    for (const allocation of model(wanted)) expectFiles(bucket, wanted, allocation);
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(done(bucket)).toEqual([]);
  } finally {
    bucket.dispose();
  }
}

function expectFiles(bucket: TestBucket, wanted: Wanted, allocation: string): void {
  const [name = "", at = ""] = allocation.split("@");
  const as = wanted.jobs.get(name);
  const found = bucket.fleet.at(name, at);
  expect(found?.files["app.conf"]).toBe(as && textOf(as));
  if (as?.policy !== "never") expect(found?.running).toBe(as && versionOf(as));
}

function faultError(what: string): MaandError | undefined {
  if (!what.startsWith("connect")) return undefined;
  return new MaandError({ code: "UNREACHABLE", message: `${what} refused` });
}

describe("whatever happened before", () => {
  it("a deploy without faults does what its plan promised, ends with what is wanted, and leaves nothing to do", async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), live), {
      numRuns: Number(process.env.MAAND_MODEL_RUNS ?? 60),
      seed: Number(process.env.MAAND_MODEL_SEED ?? 20),
      endOnFailure: false,
    });
  }, 600_000);
});
