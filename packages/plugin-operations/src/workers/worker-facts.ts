import { checkConcurrency } from "@maand/command/on-workers";
import { error, MaandError, type Problem, type Worker } from "@maand/core";
import { type Bucket, selectWorkers, typedWorkers, type WorkerSpec } from "@maand/core/internal";
import {
  asMaandError,
  Connections,
  canonicalHost,
  readWorkersFile,
  runReporter,
  stopIfInterrupted,
  writeWorkersFile,
} from "@maand/core/operator";
import pLimit from "p-limit";
import { FACTS_SCRIPT, type Facts, readFacts, withFacts } from "./facts.ts";

/** The workers whose facts are read, and whether the facts are written. */
export interface WorkerFactsOptions {
  readonly workers: readonly string[];
  readonly labels: readonly string[];
  /** The number of workers from which facts are read in parallel. */
  readonly concurrency: number;
  /** Whether the facts are only returned, and not written. */
  readonly dryRun: boolean;
}

/** The facts of a worker, and its previous entry in `workers.json`. */
export interface WorkerFacts extends Facts {
  readonly host: string;
  readonly before: Facts;
  readonly changed: boolean;
}

/**
 * Reads memory and CPU from the workers in `workers.json` and writes them to that file. Needs no build and takes no
 * lock. If a worker fails, nothing is written. In this case, throws UNREACHABLE or WORKER_LACKS; the error names each
 * failed worker.
 */
export async function workerFacts(bucket: Bucket, options: WorkerFactsOptions): Promise<readonly WorkerFacts[]> {
  const file = readWorkersFile(bucket.paths.workspace);
  checkConcurrency(options.concurrency);
  const { flag, words } = typedWorkers(options);
  const chosen =
    words.length === 0 ? file.workers : selectWorkers(file.workers, flag, words).map(({ worker }) => worker);
  const found = await probeAll(bucket, chosen, options.concurrency);
  const facts = new Map(found.filter(({ changed }) => changed).map((one) => [one.host, one]));
  if (facts.size > 0 && !options.dryRun) {
    const entries = file.entries.map((entry, at) => {
      const fresh = facts.get(file.workers[at]?.host ?? "");
      return fresh ? withFacts(entry, fresh) : entry;
    });
    writeWorkersFile(bucket.paths.workspace, file, entries);
  }
  return found;
}

async function probeAll(bucket: Bucket, workers: readonly WorkerSpec[], concurrency: number): Promise<WorkerFacts[]> {
  const connections = new Connections(runReporter(bucket, "worker_facts"));
  const limit = pLimit(concurrency);
  const stored = bucket.store.catalog.read().workers;
  const ids = new Map(stored.map(({ host, workerId }) => [canonicalHost(host), workerId]));
  const probed = workers.map((spec) =>
    limit(() => probe(bucket, connections, { ...spec, workerId: ids.get(spec.host) ?? "" })),
  );
  try {
    const results = await Promise.all(probed);
    const problems = results.flatMap((result) => ("level" in result ? [result] : []));
    if (problems.length > 0) throw refused(problems);
    return results.flatMap((result) => ("level" in result ? [] : [result]));
  } finally {
    await connections.close();
  }
}

async function probe(bucket: Bucket, connections: Connections, worker: Worker): Promise<WorkerFacts | Problem> {
  try {
    stopIfInterrupted(bucket.signal);
    const remote = await connections.connect(worker, { reportFailure: false });
    const title = "the script that reads facts";
    const { stdout } = await remote.exec(["sh", "-c", FACTS_SCRIPT], { title, signal: bucket.signal });
    const facts = readFacts(stdout);
    if (typeof facts === "string") return error("no_facts", worker.host, facts, "set memory and cpu by hand");
    const before = { memoryMb: Math.round(worker.memoryMb), cpuMhz: Math.round(worker.cpuMhz) };
    const changed = facts.memoryMb !== before.memoryMb || facts.cpuMhz !== before.cpuMhz;
    return { host: worker.host, ...facts, before, changed };
  } catch (cause) {
    const { message, hint, code } = asMaandError(cause);
    if (code === "INTERRUPTED") throw cause;
    return error("unreachable", worker.host, message, hint);
  }
}

function refused(problems: readonly Problem[]): MaandError {
  const unreachable = problems.some(({ code }) => code === "unreachable");
  return new MaandError({
    code: unreachable ? "UNREACHABLE" : "WORKER_LACKS",
    message: problems.map(({ where, message }) => `worker ${where}: ${message}`).join("; "),
    hint: "nothing was written; fix the worker and run the command again, or select other workers with --workers",
    problems,
  });
}
