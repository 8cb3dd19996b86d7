import { existsSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { applyPatch } from "diff";
import fc from "fast-check";
import { expect, it } from "vitest";
import { contentHash } from "../domain/deploy/digest.ts";
import { isMaandError, MaandError } from "../errors.ts";
import type { MaandEvent } from "../events.ts";
import type { DeployOptions, Plan } from "../plan/plan-deploy.ts";
import type { PlannedAllocation } from "../plan/plan-job.ts";
import { definePlugin } from "../plugin-api/plugin.ts";
import type { AllocationResult, Summary } from "../run-result.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

/**
 * Random histories of a bucket, in which a dry run precedes every deploy. A deploy without failures is compared with
 * its dry run: actions, versions, files, diffs, and removals.
 */
const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"] as const;
const JOBS = ["db", "api", "lone"] as const;
const FILES = ["app.conf", "conf/a.yml", "who.fill"] as const;

/** Renders each `<name>.fill`, with the worker in place of `@HOST`. */
const fill = definePlugin({
  name: "fill",
  apply({ render }) {
    render.tap("fill", (tree, { worker, read }) => ({
      files: tree.files.map((file) => {
        if (!file.path.endsWith(".fill")) return file;
        return { ...file, content: Buffer.from(Buffer.from(read(file)).toString().replaceAll("@HOST", worker.host)) };
      }),
    }));
  },
});

type Texts = Readonly<Record<string, string>>;
type Step =
  | {
      readonly do: "job";
      readonly job: string;
      readonly manifest: Readonly<Record<string, unknown>>;
      readonly files: Texts;
    }
  | { readonly do: "remove"; readonly job: string }
  | { readonly do: "worker" | "drain-worker"; readonly host: string }
  | { readonly do: "drain-job"; readonly job: string }
  | { readonly do: "deploy"; readonly options: DeployOptions; readonly fault: string };

const job = fc.constantFrom(...JOBS);
const host = fc.constantFrom(...HOSTS);
const manifest = fc.record({
  version: fc.constantFrom("1.0.0", "1.1.0"),
  restart_policy: fc.constantFrom("always", "reload", "never"),
  max_concurrent_upgrades: fc.constantFrom(1, 2, "50%"),
});
const texts = fc.dictionary(fc.constantFrom(...FILES), fc.constantFrom("a\n", "a\nb\n", "b", "@HOST\nc\n"));
const fault = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  fc.tuple(fc.constantFrom("start", "restart", "stop"), job, host).map(([what, name, at]) => `${what} ${name}@${at}`),
  host.map((at) => `stage ${at}`),
  host.map((at) => `connect ${at}`),
  fc.tuple(job, host).map(([name, at]) => `verify ${name}@${at}`),
);
const options = fc.record({ jobs: fc.subarray([...JOBS]), force: fc.boolean(), syncOnly: fc.boolean() });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("job" as const), job, manifest, files: texts }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), job }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("worker" as const, "drain-worker" as const), host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drain-job" as const), job }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("deploy" as const), options, fault }) },
);

/** A bucket, its wanted state, and the promoted files of each allocation, indexed by `job@host`. */
interface Life {
  readonly bucket: TestBucket;
  readonly jobs: Map<string, Extract<Step, { do: "job" }>>;
  readonly hosts: Set<string>;
  readonly drained: Set<string>;
  readonly promoted: Map<string, Texts>;
}

function toggle(set: Set<string>, name: string): void {
  if (!set.delete(name)) set.add(name);
}

function write({ bucket, jobs, hosts, drained }: Life): void {
  bucket.workers(...hosts);
  for (const name of JOBS) {
    if (existsSync(join(bucket.root, "workspace/jobs", name))) bucket.removeJob(name);
    const as = jobs.get(name);
    const commands = name === "api" && jobs.has("db") ? DEMAND : name === "db" ? READY : {};
    if (as) bucket.job(name, { selectors: ["worker"], commands, ...as.manifest }, as.files);
  }
  const of = (names: Iterable<string>) => [...names].filter((name) => drained.has(name));
  bucket.disable({ workers: of(hosts), jobs: Object.fromEntries(of(jobs.keys()).map((name) => [name, {}])) });
}

const READY = { command_ready: { executed_on: ["cli"] } };
const DEMAND = { command_wait: { executed_on: ["post_build"], demands: { job: "db", command: "command_ready" } } };

/** The complete content of the store, as text. */
function stored(bucket: TestBucket): string {
  const db = new Database(join(bucket.root, "data/maand.db"), { readonly: true });
  const tables = db.prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  const text = tables.map(({ name }) => JSON.stringify(db.prepare(`SELECT * FROM ${name}`).all())).join("\n");
  db.close();
  return text;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "",
    (cause: unknown) => (isMaandError(cause) ? cause.code : String(cause)),
  );
}

/** Runs a dry run, which changes nothing. Undefined if it is refused; the deploy is then refused too. */
async function look({ bucket }: Life, wanted: DeployOptions): Promise<Plan | undefined> {
  const before = stored(bucket);
  const refused = await refusal(bucket.plan(wanted));
  const plan = refused === "" ? await bucket.plan({ ...wanted, diff: true }) : undefined;
  if (!plan) expect(await refusal(bucket.deploy(wanted))).toBe(refused);
  expect(bucket.fleet.done.splice(0)).toEqual([]);
  if (plan) expect(stored(bucket)).toBe(before);
  return plan;
}

const planned = (plan: Plan): PlannedAllocation[] =>
  plan.waves.flatMap(({ jobs }) => jobs).flatMap((one) => one.allocations);
const nameOf = ({ allocation }: Pick<PlannedAllocation, "allocation">) => `${allocation.job}@${allocation.host}`;

function expectKept({ bucket, promoted }: Life, plan: Plan, summary: Summary, events: readonly MaandEvent[]): void {
  expect(summary).toMatchObject({ outcome: "ok", failures: [], blocked: [] });
  expect(done(bucket)).toEqual(promisedWork(plan));
  expect(actions(summary)).toEqual(promisedActions(plan));
  for (const one of planned(plan)) {
    expectReasons(one, promoted.get(nameOf(one)), events);
    if (one.allocation.disabled) continue;
    const files = bucket.fleet.at(one.allocation.job, one.allocation.host)?.files ?? {};
    expect(
      Object.entries(files)
        .map(([path, text]) => `${path} ${contentHash(text)}`)
        .sort(),
    ).toEqual(one.tree.files.map(({ path, hash }) => `${path} ${hash}`).sort());
    expectDiffs(plan, one, promoted.get(nameOf(one)) ?? {}, files);
  }
  for (const { allocation, remove } of plan.stopping) {
    const left = bucket.fleet.at(allocation.job, allocation.host);
    if (remove) expect(left).toBeUndefined();
    expect(left?.running).toBeUndefined();
  }
}

/** The planned operations on workers, in the format of the fake fleet. */
function promisedWork(plan: Plan): string[] {
  const stopping = plan.stopping.flatMap(({ allocation, stop, remove }) => [
    ...(stop ? [`stop ${nameOf({ allocation })}`] : []),
    ...(remove ? [`remove ${nameOf({ allocation })}`] : []),
  ]);
  const lifecycles = planned(plan)
    .filter(({ decision }) => ["start", "restart", "reload"].includes(decision.action))
    .map((one) => `${one.decision.action} ${nameOf(one)}`);
  return [...stopping, ...lifecycles].sort();
}

function done(bucket: TestBucket): string[] {
  return bucket.fleet.done
    .splice(0)
    .filter((what) => !what.startsWith("stage"))
    .sort();
}

/** The planned actions, one per allocation: a stop and its record are listed once. */
function promisedActions(plan: Plan): string[] {
  const found = new Map<string, string>();
  for (const { allocation, remove } of plan.stopping) found.set(nameOf({ allocation }), remove ? "remove" : "stop");
  for (const one of planned(plan))
    if (!found.has(nameOf(one)) || one.decision.action !== "stop") found.set(nameOf(one), one.decision.action);
  return [...found].map(([name, action]) => `${name} ${action}`).sort();
}

function actions({ allocations }: Summary): string[] {
  return allocations.map(({ job: name, host: at, action }: AllocationResult) => `${name}@${at} ${action}`).sort();
}

function expectReasons(
  { allocation, decision, target }: PlannedAllocation,
  before: Texts | undefined,
  events: readonly MaandEvent[],
): void {
  const { reasons } = decision;
  const begun = events.find(
    (event) => event.type === "action.started" && event.job === allocation.job && event.worker === allocation.host,
  );
  if (begun?.type === "action.started" && decision.action !== "stop" && !allocation.disabled) {
    const { current_version: from, new_version: to } = begun;
    expect(to).toBe(target.version);
    expect(reasons.some((reason) => reason === `version ${from} -> ${to}`)).toBe(before !== undefined && from !== to);
  }
  expect(reasons.includes("new")).toBe(!allocation.disabled && before === undefined);
  expect(reasons.some((reason) => /^\d+ files? changed: /.test(reason))).toBe(decision.files.length > 0);
}

/** Checks that the diffs, applied to the promoted files, result in the current files on the worker. */
function expectDiffs(plan: Plan, { allocation }: PlannedAllocation, before: Texts, after: Texts): void {
  const now = new Map(Object.entries(before));
  for (const { path, change, diff } of plan.diffs?.get(allocation.id) ?? []) {
    const text = applyPatch(now.get(path) ?? "", diff);
    if (change === "deleted") now.delete(path);
    else now.set(path, text === false ? "the diff does not fit" : text);
  }
  expect(Object.fromEntries(now)).toEqual(after);
}

/** Records the files that the deploy promoted, for the diffs of later plans. */
async function recordPromoted(life: Life, plan: Plan, summary: Summary): Promise<void> {
  const bucket = await life.bucket.open();
  const text = (file: PlannedAllocation["tree"]["files"][number]) =>
    Buffer.from(file.content ?? bucket.store.contents.read(file.hash)).toString();
  const known = bucket.store.promoted.recorded();
  for (const one of planned(plan)) {
    const result = summary.allocations.find(({ job: name, host: at }) => `${name}@${at}` === nameOf(one));
    if (result?.promoted === true && known.get(one.allocation.id)?.promoted?.digest === one.target.digest)
      life.promoted.set(nameOf(one), Object.fromEntries(one.tree.files.map((file) => [file.path, text(file)])));
  }
  const here = new Set(
    bucket.store.catalog
      .allocations()
      .flatMap((one) => (known.get(one.id)?.promoted ? [`${one.job}@${one.host}`] : [])),
  );
  for (const name of life.promoted.keys()) if (!here.has(name)) life.promoted.delete(name);
  bucket.close();
}

async function deployStep(
  life: Life,
  { options: wanted, fault: what }: Extract<Step, { do: "deploy" }>,
): Promise<void> {
  const { bucket } = life;
  write(life);
  await bucket.build();
  const wanting = { ...wanted, jobs: wanted.jobs.filter((name) => life.jobs.has(name)) };
  const plan = await look(life, wanting);
  if (!plan) return;
  bucket.events.length = 0;
  if (what !== "")
    bucket.fleet.fail(
      what,
      what.startsWith("connect") ? new MaandError({ code: "UNREACHABLE", message: "refused" }) : undefined,
    );
  const summary = await bucket.deploy(wanting);
  bucket.fleet.repair();
  if (what === "") expectKept(life, plan, summary, bucket.events);
  await recordPromoted(life, plan, summary);
  done(bucket);
}

async function live(steps: readonly Step[]): Promise<void> {
  const bucket = aBucket({ plugins: [fill] });
  const life: Life = { bucket, jobs: new Map(), hosts: new Set(HOSTS), drained: new Set(), promoted: new Map() };
  try {
    for (const change of steps) {
      if (change.do === "deploy") await deployStep(life, change);
      else if (change.do === "job") life.jobs.set(change.job, change);
      else if (change.do === "remove") life.jobs.delete(change.job);
      else if (change.do === "worker") toggle(life.hosts, change.host);
      else toggle(life.drained, change.do === "drain-job" ? change.job : change.host);
    }
  } finally {
    bucket.dispose();
  }
}

it("a deploy does what its dry run printed, in any state and with any options", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), live), {
    numRuns: Number(process.env.MAAND_MODEL_RUNS ?? 15),
    seed: Number(process.env.MAAND_MODEL_SEED ?? 7),
    endOnFailure: false,
  });
}, 600_000);
