import { asMaandError } from "../../bucket/error-outcome.ts";
import { withEnd } from "../../bucket/run-to-end.ts";
import type { DowntimeUnit } from "../../domain/budget/downtime.ts";
import { NO_VERSION } from "../../domain/deploy/version.ts";
import { NAMESPACE } from "../../domain/kv/kv-names.ts";
import { type Allocation, demandedJobs, type Job } from "../../domain/workspace/job.ts";
import { MaandError } from "../../errors.ts";
import type { Login } from "../../plugin-api/base-contexts.ts";
import type { TargetContext } from "../../plugin-api/contexts.ts";
import type { KvSession } from "../../plugin-api/kv.ts";
import type { AllocationScope, TargetAnswer, TargetRequest } from "../../plugin-api/scope.ts";
import type { Remote } from "../../remote/remote.ts";
import { decideNow, reportRefused, settle } from "../budget/decide.ts";
import { noHandler } from "../no-handler.ts";
import { workerOf } from "../run.ts";
import type { ScopeSource } from "./contexts.ts";
import { lifecycleContext, reasonOf } from "./contexts.ts";
import { kvSession } from "./kv-session.ts";

/**
 * Everything that code may read or do on behalf of one allocation. The index and the running version are read from the
 * store when the scope is created.
 */
export function allocationScope(run: ScopeSource, job: Job, allocation: Allocation): AllocationScope {
  const { bucket } = run;
  const { log } = run.reporter.context({ job: job.name, worker: allocation.host });
  const stored = bucket.kv.find(NAMESPACE.allocation(job.name, allocation.host), `${job.name}_allocation_index`);
  return Object.freeze({
    allocation,
    worker: workerOf(run, allocation.host),
    index: stored === undefined ? allocation.index : Number(stored),
    currentVersion: bucket.store.promoted.version(allocation.id) ?? NO_VERSION,
    newVersion: job.version,
    deployReason: reasonOf(run, job, allocation),
    log,
    command: <T>(name: string, event: string, work: () => Promise<T>) =>
      reportCommand(run, { job: job.name, worker: allocation.host, command: name, event }, work),
    openKv: (): KvSession => kvSession(bucket, job, allocation.host),
    remote: (host: string) => remoteOf(run, host),
    login: () => loginOf(run, allocation.host),
    runTarget: (request: TargetRequest) => runTarget(run, job, request, log),
  });
}

type Unit = Readonly<Record<"job" | "worker" | "command" | "event", string>>;

async function reportCommand<T>({ reporter, bucket }: ScopeSource, unit: Unit, work: () => Promise<T>): Promise<T> {
  reporter.emit("command.started", unit);
  return withEnd(bucket.now, work, (end) => reporter.emit("command.finished", { ...unit, ...end }));
}

async function remoteOf(run: ScopeSource, host: string): Promise<Remote> {
  return run.connections.connectOnce(knownWorker(run, host));
}

async function loginOf({ bucket, reporter, workers }: ScopeSource, host: string): Promise<Login | undefined> {
  const context = Object.freeze({ ...reporter.context({ worker: host }), worker: workerOf({ workers }, host) });
  return bucket.hooks.login.promise(context);
}

function knownWorker(run: ScopeSource, host: string) {
  if (run.workers.has(host)) return workerOf(run, host);
  throw new MaandError({
    code: "NOT_FOUND",
    message: `there is no worker "${host}" in this bucket`,
    hint: "to list the workers, run maand cat workers",
  });
}

/** Runs a target as `maand job` does. Returns the exit code of the target; throws if the target cannot run. */
async function runTarget(
  run: ScopeSource,
  own: Job,
  { host, job: name, target, timeoutMs, signal }: TargetRequest,
  log: TargetContext["log"],
): Promise<TargetAnswer> {
  const worker = knownWorker(run, host);
  const job = targetJob(run, own, name);
  const allocation =
    run.allocationsOn.get(host)?.find((one) => one.job === name) ??
    run.catalog.allocations.find((one) => one.job === name && one.host === host);
  if (!allocation)
    throw new MaandError({ code: "NOT_FOUND", message: `job ${name} is not allocated on ${host}`, worker: host });
  if (!run.bucket.store.deliveries.has(host)) throw nothingThere(host);
  const down = takesDown(target) ? { host, jobs: [name] } : undefined;
  if (down) requestTargetDowntime(run, own, job, down);
  const remote = await run.connections.connectReady(worker);
  const output = { stdout: "", stderr: "" };
  const base = lifecycleContext(run, job, allocation, remote);
  const context: TargetContext = Object.freeze({
    ...base,
    target,
    timeoutMs: timeoutMs ?? base.timeoutMs,
    signal: signal === undefined ? base.signal : AbortSignal.any([base.signal, signal]),
    log(line, source) {
      output[source?.stream ?? "stdout"] += `${line}\n`;
      log(line, source);
    },
  } satisfies TargetContext);
  try {
    if ((await run.bucket.hooks.target.promise(context)) === "done") {
      if (target === "start" || (down && target !== "stop")) settle(run, [{ host, jobs: [name] }]);
      return { exit: 0, ...output };
    }
  } catch (cause) {
    const { code, exit } = asMaandError(cause);
    if (code === "COMMAND_FAILED" && exit !== undefined) return { exit, ...output };
    throw cause;
  }
  const { absent } = run.bucket;
  throw noHandler(absent, { hook: "target", transport: remote.transport, host, wanted: `${target} of ${name}` });
}

function takesDown(target: string): boolean {
  return target === "stop" || target === "restart" || target === "reload";
}

/**
 * The budget limits the commands of a job too. A command is responsible for starting the allocations that it stops, and
 * for checking the allocations that it restarts. Therefore, a successful `start`, `restart` or `reload` settles the
 * request.
 */
function requestTargetDowntime(run: ScopeSource, own: Job, job: Job, unit: DowntimeUnit): void {
  const record = job.maxUnavailable === undefined ? {} : { recordAs: "restart" as const };
  const { refused } = decideNow(run, { kind: "restart", units: [unit], by: `a command of ${own.name}`, ...record });
  const [first] = refused;
  if (!first) return;
  reportRefused(run, refused);
  throw first.error;
}

function targetJob(run: ScopeSource, own: Job, name: string): Job {
  const job = run.jobs.get(name);
  if (job && (name === own.name || demandedJobs(own).includes(name))) return job;
  throw new MaandError({
    code: "PROBLEMS",
    message: `job ${own.name} may not run targets of job ${name}`,
    hint: "it may run its own targets, and those of jobs that its commands depend on",
  });
}

function nothingThere(host: string): MaandError {
  return new MaandError({
    code: "OUT_OF_SYNC",
    message: `nothing was deployed to ${host} yet, so it has no target to run`,
    hint: "run maand deploy first",
    worker: host,
  });
}
