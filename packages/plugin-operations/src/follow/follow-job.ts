import type { Allocation, Job } from "@maand/core";
import { error, MaandError } from "@maand/core";
import { type Bucket, problemsError, refuseUnknown, selectWorkers, typedWorkers } from "@maand/core/internal";
import {
  type CommandRun,
  lifecycleContext,
  openCommandRun,
  registerSecrets,
  runReporter,
  workerOf,
} from "@maand/core/operator";
import { logsCommand } from "./claim.ts";
import { type FollowEnd, type FollowSink, followWorker } from "./follow-worker.ts";
import { supervised } from "./supervisor.ts";

/** The options of `maand logs follow`. */
export interface FollowOptions {
  readonly job: string;
  /** Workers as typed; empty: every worker with an active allocation. */
  readonly workers: readonly string[];
  /** Workers with any of these labels; cannot be combined with `workers`. */
  readonly labels: readonly string[];
  /** The number of earlier lines to begin with, for commands that support it. */
  readonly tail: number;
}

/** The results of following, by host. */
export type FollowResult = readonly { readonly host: string; readonly end: FollowEnd }[];

/**
 * Follows the log of a job on its workers, over one connection each, until all commands end or the run is interrupted.
 * Takes no lock and records no lines. Throws PROBLEMS for unknown names, and NOT_FOUND for a job without allocations.
 */
export async function followJob(
  bucket: Bucket,
  options: FollowOptions,
  sinkOf: (hosts: readonly string[]) => FollowSink,
): Promise<FollowResult> {
  registerSecrets(bucket);
  const source = openCommandRun(bucket, runReporter(bucket, "logs follow"), { pid: bucket.pid });
  try {
    const { job, allocations } = chosen(source, options);
    const sink = masked(bucket, sinkOf(allocations.map(({ host }) => host)));
    const signal = AbortSignal.any([bucket.signal, sink.gone]);
    return await Promise.all(
      allocations.map(async (allocation) => {
        const { host } = allocation;
        const end = await followWorker({ ...followed(source, job, allocation, options.tail), signal }, sink);
        sink.ended(host, end);
        return { host, end };
      }),
    );
  } finally {
    await source.end();
  }
}

function followed(source: CommandRun, job: Job, allocation: Allocation, tail: number) {
  const { connections } = source;
  return {
    worker: workerOf(source, allocation.host),
    connections,
    command(remote: Parameters<typeof lifecycleContext>[3]) {
      const { directory, env } = lifecycleContext(source, job, allocation, remote);
      return { argv: supervised(directory, logsCommand(job)), env: { ...env, LOGS_TAIL: String(tail) } };
    },
  };
}

function masked(bucket: Bucket, sink: FollowSink): FollowSink {
  return {
    line: (host, stream, line) => sink.line(host, stream, bucket.mask.conceal({ line }).line),
    notice: (host, notice) => sink.notice(host, bucket.mask.conceal(notice)),
    ended: (host, end) => sink.ended(host, bucket.mask.conceal(end)),
    ready: () => sink.ready(),
    gone: sink.gone,
  };
}

/** The allocations to follow; a disabled one only if its worker was named. */
function chosen(source: CommandRun, options: FollowOptions): { job: Job; allocations: readonly Allocation[] } {
  const { catalog, allocationsOf } = source;
  refuseUnknown(
    "job",
    "job",
    [options.job],
    catalog.jobs.map(({ name }) => name),
  );
  const job = catalog.jobs.find(({ name }) => name === options.job);
  const all = allocationsOf.get(options.job) ?? [];
  if (job === undefined || all.length === 0)
    throw new MaandError({
      code: "NOT_FOUND",
      message: `${options.job} is on no worker`,
      hint: "check its selectors, then run maand build and maand deploy",
    });
  const { flag, words } = typedWorkers(options);
  const picked = selectWorkers(catalog.workers, flag, words);
  const strays = picked.filter(({ named, worker }) => named && !all.some(({ host }) => host === worker.host));
  if (strays.length > 0)
    throw problemsError(
      strays.map(({ worker }) =>
        error(
          "not_allocated",
          flag,
          `${job.name} is not on ${worker.host}`,
          `maand cat allocations --jobs ${job.name} lists its workers`,
        ),
      ),
    );
  const hosts = new Set(picked.map(({ worker }) => worker.host));
  const named = new Set(picked.filter((one) => one.named).map(({ worker }) => worker.host));
  const allocations =
    words.length === 0
      ? all.filter(({ disabled }) => !disabled)
      : all.filter(({ host, disabled }) => hosts.has(host) && (!disabled || named.has(host)));
  if (allocations.length === 0)
    throw new MaandError({
      code: "NOT_FOUND",
      message: `${job.name} is active on none of these workers`,
      hint: "name disabled workers with --workers to follow them anyway",
    });
  return { job, allocations };
}
