import { type Bucket, runReporter } from "../bucket/bucket.ts";
import { stopIfInterrupted } from "../bucket/interruption.ts";
import { registerSecrets } from "../bucket/register-secrets.ts";
import { runToEnd } from "../bucket/run-to-end.ts";
import { error } from "../domain/checks/problem.ts";
import { inBatches } from "../domain/deploy/batches.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import { isName, nameRule } from "../domain/workspace/names.ts";
import { isMaandError, problemsError } from "../errors.ts";
import type { TargetContext } from "../plugin-api/contexts.ts";
import { checkHealth } from "../run/check-health.ts";
import { CommandOutput } from "../run/command-output.ts";
import { type CommandRun, openCommandRun } from "../run/command-run.ts";
import { beginFence } from "../run/fence/begin-fence.ts";
import { noHandler } from "../run/no-handler.ts";
import { lockBucket, workerOf } from "../run/run.ts";
import { lifecycleContext } from "../run/scope/contexts.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import { refuseUnknown, selectAllocations } from "../run/select.ts";
import type { Outcome } from "../run-result.ts";
import { type ChosenJob, checkSync, noteMissingFiles } from "./sync-check.ts";
import { targetBudget } from "./target-budget.ts";

/** A lifecycle command run by hand. */
export interface JobControl {
  readonly jobs: readonly string[];
  /** `start`, `stop`, `restart`, `reload`, `status` or any other Makefile target. */
  readonly target: string;
  /** Workers as typed: hosts, hostnames, labels or zones; empty means all active allocations. */
  readonly workers: readonly string[];
  /** Whether to wait after each batch until the job is healthy. */
  readonly healthCheck: boolean;
  /** Whether allocations may go down even if the availability budget forbids it. maand reports each such allocation. */
  readonly ignoreBudget?: boolean;
}

/** The result on one worker. */
export interface ControlResult {
  readonly host: string;
  readonly job: string;
  readonly exit: number | null;
  readonly outcome: Outcome;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  readonly message: string | null;
}

const BUILT_IN = ["start", "stop", "restart", "reload", "status"];

/** Normalizes a target: built-in ones in lower case, any other as written. */
export function resolveTarget(text: string): string {
  const target = text.trim();
  const builtIn = BUILT_IN.find((name) => name === target.toLowerCase());
  if (builtIn || isName("target", target)) return builtIn ?? target;
  throw problemsError([error("invalid_target", "--target", `"${text}" is not a target`, `use ${nameRule("target")}`)]);
}

/**
 * Runs a target by hand. The workers involved must be in sync with the bucket. Waves run one after another, and the
 * jobs of a wave run in parallel. Each job runs in batches, and a failed batch ends its job. Promotions do not change.
 * Missing files and failed targets are recorded for the next deploy, except by `status`, which records only missing
 * files.
 */
export async function controlJob(bucket: Bucket, control: JobControl): Promise<ControlResult[]> {
  const target = resolveTarget(control.target);
  const lock = target === "status" ? undefined : lockBucket(bucket, `job ${target}`);
  registerSecrets(bucket);
  const reporter = runReporter(bucket, `job ${target}`);
  const begun = lock && beginFence(bucket, `job ${target}`, { id: reporter.id, lock });
  const owner = begun ? { guard: begun.guard } : { pid: bucket.pid };
  const source = openCommandRun(bucket, reporter, { ...owner, trustsTools: true });
  let outcome = "refused";
  try {
    const chosen = choose(source, control);
    await checkSync(source, chosen, lock !== undefined);
    source.budget.isIgnored = control.ignoreBudget === true;
    const results: ControlResult[] = [];
    for (const seq of [...new Set(chosen.map(({ job }) => job.deploymentSeq))].sort((a, b) => a - b)) {
      const wave = chosen.filter(({ job }) => job.deploymentSeq === seq);
      const ended = await Promise.all(
        wave.map(({ job, allocations }) => controlOne(source, job, allocations, target, control.healthCheck)),
      );
      results.push(...ended.flat());
    }
    outcome = results.every((result) => result.outcome === "ok") ? "ok" : "failed";
    begun?.touched({ jobs: control.jobs, workers: results.flatMap(({ host, exit }) => (exit === null ? [] : [host])) });
    return results.map((result) => bucket.mask.conceal(result));
  } finally {
    begun?.ended(outcome);
    await source.end();
    lock?.release();
  }
}

type Source = CommandRun;

function choose(source: Source, control: JobControl): ChosenJob[] {
  refuseUnknown(
    "job",
    "job",
    control.jobs,
    source.catalog.jobs.map((job) => job.name),
  );
  const hint = control.target.toLowerCase() === "stop" ? STOPPED_BY_DEPLOY : undefined;
  return source.catalog.jobs
    .filter((job) => control.jobs.includes(job.name))
    .map((job) => ({ job, allocations: selectAllocations(source, job, control.workers, hint) }));
}

const STOPPED_BY_DEPLOY = "maand deploy stops it; if it is already stopped, record that with --mark-stopped";

async function controlOne(
  source: Source,
  job: Job,
  allocations: readonly Allocation[],
  target: string,
  healthCheck: boolean,
): Promise<ControlResult[]> {
  const results: ControlResult[] = [];
  const budget = targetBudget(source, job, allocations, target);
  let batches: readonly (readonly Allocation[])[] = inBatches(allocations, budget.batchSize);
  announce(source, job, allocations, target, batches.length);
  while (batches.length > 0 && !source.bucket.signal.aborted) {
    const next = await budget.next(batches);
    if (next.refused.length > 0) {
      results.push(...next.refused.map(({ member, error }) => notRun(job, member, "blocked", error.message)));
      break;
    }
    batches = next.rest;
    const ended = await Promise.all(next.batch.map((allocation) => runTarget(source, job, allocation, target)));
    results.push(...ended);
    budget.ended(next.batch.filter((_, at) => ended[at]?.outcome === "ok"));
    if (ended.some((result) => result.outcome !== "ok")) break;
    const reached = new Set(results.map(({ host }) => host));
    const judged = batches.length === 0 ? activeOf(source, job) : allocations.filter(({ host }) => reached.has(host));
    const unhealthy = healthCheck || budget.mustBeHealthy ? await unhealthyError(source, job, judged) : undefined;
    if (unhealthy === undefined) {
      budget.healthy(next.batch);
      continue;
    }
    results.splice(
      -ended.length,
      ended.length,
      ...ended.map((result) => ({ ...result, outcome: "failed" as const, message: unhealthy })),
    );
    break;
  }
  const reached = new Set(results.map((result) => result.host));
  const why = source.bucket.signal.aborted ? "interrupted" : "an earlier batch failed";
  const left = allocations.filter(({ host }) => !reached.has(host));
  return [...results, ...left.map((allocation) => notRun(job, allocation, "skipped", why))];
}

/** Reports the counts before anything runs on more than one worker. */
function announce(
  { reporter }: Source,
  job: Job,
  allocations: readonly Allocation[],
  target: string,
  batches: number,
): void {
  if (allocations.length < 2 || target === "status") return;
  const stops_when = batches > 1 ? "a batch of it fails" : `${target} has run everywhere`;
  reporter.emit("job.started", { job: job.name, allocations: allocations.length, batches, stops_when });
}

function activeOf({ allocationsOf }: Source, job: Job): Allocation[] {
  return (allocationsOf.get(job.name) ?? []).filter(({ disabled }) => !disabled);
}

/**
 * The reason why a job is unhealthy after a batch; undefined if it is healthy. Between batches, only the allocations
 * reached so far are checked, so that a job that is down everywhere can be started. After the last batch, the whole job
 * is checked.
 */
async function unhealthyError(source: Source, job: Job, judged: readonly Allocation[]): Promise<string | undefined> {
  return (await checkHealth(source, scopedJobContext(source, job), judged, true)).cause?.message;
}

/** Runs a target, and records missing files, so that the next deploy syncs them. */
async function runTarget(source: Source, job: Job, allocation: Allocation, target: string): Promise<ControlResult> {
  const { result, isMissing } = await runTargetOnce(source, job, allocation, target);
  if (isMissing) noteMissingFiles(source, allocation.id, target !== "status");
  if (result.outcome === "failed" && target !== "status") source.bucket.store.deliveries.distrust(allocation.host);
  return result;
}

/** Runs a target of one allocation, and stores nothing. `isMissing`: the files of the job are not on the worker. */
export async function runTargetOnce(
  source: Source,
  job: Job,
  allocation: Allocation,
  target: string,
): Promise<{ readonly result: ControlResult; readonly isMissing: boolean }> {
  const { reporter, bucket } = source;
  const output = new CommandOutput(source.catalog.workers.length);
  const unit = { job: job.name, worker: allocation.host, action: target };
  const ended = await runToEnd(bucket.now, async () => {
    stopIfInterrupted(bucket.signal);
    const remote = await source.connections.ready(workerOf(source, allocation.host));
    const base = lifecycleContext(source, job, allocation, remote);
    const log: TargetContext["log"] = (line, from) => {
      output.push(line, from?.stream ?? "stdout");
      base.log(line, from);
    };
    const versions = { current_version: base.currentVersion, new_version: base.newVersion };
    reporter.emit("action.started", { ...unit, ...versions, resumes: null });
    if ((await bucket.hooks.target.promise(Object.freeze({ ...base, log, target }))) === "done") return;
    const wanted = `${target} of ${job.name}`;
    throw noHandler(bucket.absent, { hook: "target", transport: remote.transport, host: allocation.host, wanted });
  });
  const isMissing = !ended.ok && isMaandError(ended.cause) && ended.cause.code === "NOT_DELIVERED";
  reporter.emit("action.finished", { ...unit, ...ended.end });
  const { outcome, exit, message, duration_ms: durationMs } = ended.end;
  const [stdout, stderr] = [output.text("stdout"), output.text("stderr")];
  const result = { host: allocation.host, job: job.name, exit, outcome, stdout, stderr, durationMs, message };
  return { result, isMissing };
}

function notRun(job: Job, { host }: Allocation, outcome: "skipped" | "blocked", message: string): ControlResult {
  return {
    host,
    job: job.name,
    exit: null,
    outcome,
    stdout: "",
    stderr: "",
    durationMs: 0,
    message,
  };
}
