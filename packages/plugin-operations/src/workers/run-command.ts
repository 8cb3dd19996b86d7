import { checkConcurrency, expectsReboot, type RebootKind } from "@maand/command/on-workers";
import { error, MaandError, type Worker } from "@maand/core";
import { type Bucket, problemsError, selectWorkers, typedWorkers } from "@maand/core/internal";
import {
  inBatches,
  openCommandRun,
  probeHealth,
  registerSecrets,
  runReporter,
  unhealthyReason,
} from "@maand/core/operator";
import { runScript, type ScriptResult } from "./run-script.ts";
import { awaitReturn } from "./wait-for-reboot.ts";
import { workerDowntime } from "./worker-downtime.ts";

/** The options of a command on workers. */
export interface RunCommandOptions {
  /** A bash script; the exit code of its last command is its result. */
  readonly script: string;
  /** Workers as typed: hosts, hostnames, labels, zones. Empty: all workers, including disabled workers. */
  readonly workers: readonly string[];
  /** Workers with any of these labels; cannot be combined with `workers`. */
  readonly labels: readonly string[];
  /** The number of workers on which the script runs in parallel. */
  readonly concurrency: number;
  /** If true, waits after each batch until the workers respond and every job is healthy. */
  readonly healthCheck: boolean;
  /** If true, a connection that closes while the script is running is not a failure. */
  readonly allowDisconnect: boolean;
  /** With `healthCheck`: runs the script even where an availability budget forbids it, and reports each such case. */
  readonly ignoreBudget?: boolean;
}

/**
 * Runs a script on workers, batch by batch, and returns the result of each worker in the order of the catalog. No batch
 * starts after a batch with a failure. A closed connection is a failure, unless `allowDisconnect` is set or the script
 * restarts its machine or switches it off. The next batch starts when restarted machines accept commands again. Takes
 * no lock.
 */
export async function runCommand(bucket: Bucket, options: RunCommandOptions): Promise<ScriptResult[]> {
  const workers = chosenWorkers(bucket.store.catalog.read().workers, options);
  checkOptions(options, workers);
  registerSecrets(bucket);
  const reporter = runReporter(bucket, "run_command");
  const source = openCommandRun(bucket, reporter, { pid: bucket.pid });
  const rebootKind = expectsReboot(options.script);
  const script = {
    text: options.script,
    mayDisconnect: options.allowDisconnect || rebootKind !== undefined,
    workers: workers.length,
  };
  const batches = inBatches(workers, options.concurrency);
  reporter.emit("script.planned", {
    workers: workers.map(({ host }) => host),
    batches: batches.length,
    concurrency: options.concurrency,
    stops_when: options.healthCheck ? "a command or health check of a batch fails" : "a command of a batch fails",
  });
  const results: ScriptResult[] = [];
  const downtime = workerDowntime(source, options);
  try {
    let rest: (readonly Worker[])[] = batches;
    while (rest.length > 0) {
      if (bucket.signal.aborted) break;
      const next = await downtime.next(rest);
      results.push(...next.refused.map(({ member, error }) => notRun(member, "blocked", error)));
      if (next.batch.length === 0) break;
      rest = next.rest;
      const ended = await Promise.all(next.batch.map((worker) => runScript(source, worker, script)));
      const problem = await afterBatch(ended, rest.length > 0);
      const judged = ended.map((result) => (problem && result.ok ? withProblem(result, problem(result)) : result));
      results.push(...judged);
      if (judged.some(({ ok }) => !ok)) break;
      downtime.settle(next.batch);
    }
    const why = bucket.signal.aborted ? "interrupted" : "an earlier batch failed";
    const reached = new Map(results.map((result) => [result.host, result]));
    const all = workers.map((worker) => reached.get(worker.host) ?? notRun(worker, "skipped", { message: why }));
    return all.map((result) => bucket.mask.conceal(result));
  } finally {
    await source.end();
  }

  /** Problems after a successful batch: machines that did not become reachable again, or unhealthy jobs. */
  async function afterBatch(ended: readonly ScriptResult[], more: boolean): Promise<LateFailure | undefined> {
    const hasFailed = ended.some(({ ok }) => !ok) || bucket.signal.aborted;
    for (const { host, outcome } of ended) if (outcome === "disconnected") warnOf(host);
    if (hasFailed || !(more || options.healthCheck)) return undefined;
    const away = await awaitReturn(source, rebooting(ended, rebootKind));
    if (bucket.signal.aborted) return undefined;
    if (away.size > 0) return ({ host }) => away.get(host);
    const reason = options.healthCheck
      ? unhealthyReason(await probeHealth(source, { jobs: [], wait: true }))
      : undefined;
    return reason === undefined || bucket.signal.aborted ? undefined : () => reason;
  }

  function warnOf(worker: string): void {
    if (!script.mayDisconnect) return;
    const message = `${worker}: the connection closed while the command ran${rebootKind ? "; the machine is shutting down" : ""}`;
    reporter.emit("warning", { code: "disconnected", message, worker, job: null });
  }
}

/** Why a later check turns a worker's result into a failure; undefined if the worker is not affected. */
type LateFailure = (result: ScriptResult) => string | undefined;

/** The workers that must be reachable again before the next step, except those that were switched off. */
function rebooting(ended: readonly ScriptResult[], rebootKind: RebootKind | undefined) {
  if (rebootKind === "off") return [];
  return ended
    .filter(({ outcome }) => outcome === "disconnected" || rebootKind === "restart")
    .map(({ host, outcome }) => ({ host, gone: outcome === "disconnected" }));
}

function chosenWorkers(all: readonly Worker[], options: RunCommandOptions): readonly Worker[] {
  const { flag, words } = typedWorkers(options);
  return words.length === 0 ? all : selectWorkers(all, flag, words).map(({ worker }) => worker);
}

function checkOptions({ script, concurrency }: RunCommandOptions, workers: readonly Worker[]): void {
  if (script.trim() === "")
    throw new MaandError({
      code: "USAGE",
      message: "the command is empty",
      hint: 'for example: maand run_command "uptime"',
    });
  if (script.includes("\0")) throw new MaandError({ code: "USAGE", message: "the command contains a NUL byte" });
  checkConcurrency(concurrency);
  if (workers.length === 0)
    throw problemsError([
      error("no_workers", "workspace/workers.json", "the catalog has no workers", "add workers and run maand build"),
    ]);
}

function withProblem(result: ScriptResult, message: string | undefined): ScriptResult {
  return message === undefined ? result : { ...result, ok: false, outcome: "failed", message };
}

function notRun(
  { host }: Worker,
  outcome: "skipped" | "blocked",
  { message, hint = null }: { readonly message: string; readonly hint?: string | null | undefined },
): ScriptResult {
  return {
    host,
    exit: null,
    outcome,
    ok: false,
    stdout: "",
    stderr: "",
    durationMs: 0,
    message,
    hint,
  };
}
