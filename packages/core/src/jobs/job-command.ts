import { type Bucket, runReporter } from "../bucket/bucket.ts";
import { asMaandError } from "../bucket/error-outcome.ts";
import { stopIfInterrupted } from "../bucket/interruption.ts";
import { error } from "../domain/checks/problem.ts";
import type { Job } from "../domain/workspace/job.ts";
import { didYouMean } from "../domain/workspace/names.ts";
import { MaandError, maskedError, problemsError } from "../errors.ts";
import type { CommandContext } from "../plugin-api/contexts.ts";
import { openCommandRun } from "../run/command-run.ts";
import { beginFence } from "../run/fence/begin-fence.ts";
import { lockBucket } from "../run/run.ts";
import type { ScopeSource } from "../run/scope/contexts.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import { refuseUnknown } from "../run/select.ts";

/** The event that allows a command to be run by hand. */
const BY_HAND = "cli";

/** A request to run a command of jobs by hand. */
export interface JobCommandOptions {
  readonly command: string;
  /** The job; if absent, every job that has the command for `cli`. */
  readonly job?: string;
  /** Number of allocations to run on in parallel, at least 1. */
  readonly concurrency: number;
}

/** The result, by job. */
export type JobCommandReport = readonly { readonly job: string; readonly failure?: MaandError }[];

/**
 * Runs a command of jobs by hand, job by job in name order. A failure does not stop the remaining jobs. Before it runs
 * anything, throws PROBLEMS for unknown names, and for a command that may not be run by hand.
 */
export async function runJobCommand(bucket: Bucket, options: JobCommandOptions): Promise<JobCommandReport> {
  const lock = lockBucket(bucket, "jobcommand");
  const reporter = runReporter(bucket, "jobcommand");
  const begun = beginFence(bucket, `jobcommand ${options.command}`, { id: reporter.id, lock });
  const source = openCommandRun(bucket, reporter, { guard: begun.guard });
  let outcome = "refused";
  try {
    const jobs = chosen(source, options);
    const report: { job: string; failure?: MaandError }[] = [];
    for (const job of jobs) {
      if (jobs.length > 1) reporter.context({}).log(`jobcommand: ${job.name}`);
      report.push(await runOne(source, job, options));
    }
    outcome = report.some(({ failure }) => failure) ? "failed" : "ok";
    begun.touched({ jobs: report.map(({ job }) => job), workers: [] });
    return report;
  } finally {
    begun.ended(outcome);
    await source.end();
    lock.release();
  }
}

function chosen({ catalog }: ScopeSource, { command, job: only }: JobCommandOptions): readonly Job[] {
  const names = catalog.jobs.map(({ name }) => name);
  refuseUnknown("job", "job", only === undefined ? [] : [only], names);
  const selected = catalog.jobs.filter(({ name }) => only === undefined || name === only);
  const having = selected.filter((job) => byHand(job).includes(command));
  if (having.length > 0) return having;
  const of = only === undefined ? "no job has" : `job ${only} has no`;
  const known = [...new Set(selected.flatMap(byHand))].sort();
  const list =
    known.length === 0 ? `set "executed_on": ["${BY_HAND}"] in the manifest` : `available: ${known.join(", ")}`;
  throw problemsError([
    error(
      "unknown_command",
      "command",
      `${of} command "${command}" for event ${BY_HAND}`,
      didYouMean(command, known) ?? list,
    ),
  ]);
}

function byHand({ commands }: Job): string[] {
  return commands.filter(({ executedOn }) => executedOn.includes(BY_HAND)).map(({ name }) => name);
}

async function runOne(
  source: ScopeSource,
  job: Job,
  { command, concurrency }: JobCommandOptions,
): Promise<JobCommandReport[number]> {
  const { hooks, signal, mask } = source.bucket;
  const context: CommandContext = Object.freeze({ ...scopedJobContext(source, job), command, concurrency });
  try {
    stopIfInterrupted(signal);
    if (context.allocations.length === 0) context.log(`${command} was not run: ${job.name} is on no worker`);
    if ((await hooks.command.promise(context)) !== "done") throw noHandlerFor(command);
    return { job: job.name };
  } catch (cause) {
    return { job: job.name, failure: maskedError(asMaandError(cause), mask) };
  }
}

function noHandlerFor(command: string): MaandError {
  return new MaandError({
    code: "NO_HANDLER",
    message: `no plugin runs the command "${command}"`,
    hint: "load a plugin that taps command, such as job-commands; to list the loaded plugins, run maand plugins",
  });
}
