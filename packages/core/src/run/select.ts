import { error, type Problem } from "../domain/checks/problem.ts";
import { type Choosable, type Chosen, chooseWorkers } from "../domain/workspace/choose-workers.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import { didYouMean } from "../domain/workspace/names.ts";
import { MaandError, problemsError } from "../errors.ts";
import type { Run } from "./run.ts";

/** Refuses unknown names, with one error for all of them. */
export function refuseUnknown(
  kind: "job" | "worker",
  flag: string,
  names: readonly string[],
  known: readonly string[],
): void {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const list = `maand cat ${kind}s lists them`;
  throw problemsError(
    unknown.map((name) =>
      error(`unknown_${kind}`, flag, `there is no ${kind} "${name}"`, didYouMean(name, known) ?? list),
    ),
  );
}

/**
 * Resolves a worker list of the command line: hosts, hostnames, `label:web`, `zone:a`. Returns the workers in catalog
 * order. Throws PROBLEMS with every term that matches no worker.
 */
export function selectWorkers<T extends Choosable>(
  workers: readonly T[],
  flag: string,
  words: readonly string[],
): readonly Chosen<T>[] {
  const { chosen, problems } = chooseWorkers(words, workers, flag);
  if (problems.length > 0) throw problemsError(problems);
  return chosen;
}

/** A list of workers as typed, and the flag that it comes from. */
export interface TypedWorkers {
  readonly flag: string;
  readonly words: readonly string[];
}

/**
 * `--workers` and `--labels` as one list of words, with the flag that the list came from. Throws USAGE if both are
 * given.
 */
export function typedWorkers({
  workers,
  labels,
}: {
  readonly workers: readonly string[];
  readonly labels: readonly string[];
}): TypedWorkers {
  if (labels.length === 0) return { flag: "--workers", words: workers };
  if (workers.length === 0) return { flag: "--labels", words: labels.map((label) => `label:${label}`) };
  throw new MaandError({
    code: "USAGE",
    message: "--workers and --labels are mutually exclusive",
    hint: "use one of them; --workers also accepts label:web",
  });
}

/**
 * A job's active allocations, limited to the listed workers if there are any. A worker selected by name must have an
 * active allocation; otherwise, it is refused with the reason. A label or zone selects those of its workers where the
 * job is active. `whenDisabled` is the hint for a disabled allocation.
 */
export function selectAllocations(
  run: Pick<Run, "catalog" | "allocationsOf">,
  job: Job,
  words: readonly string[],
  whenDisabled = "remove it from workspace/disabled.json, build and deploy",
): Allocation[] {
  const chosen = selectWorkers(run.catalog.workers, FLAG, words);
  const all = run.allocationsOf.get(job.name) ?? [];
  const at = new Map(all.map((allocation) => [allocation.host, allocation]));
  const problems = chosen
    .filter(({ named }) => named)
    .flatMap(({ worker: { host } }) => refusal(job, host, at.get(host), whenDisabled));
  if (problems.length > 0) throw problemsError(problems);
  const hosts = new Set(chosen.map(({ worker }) => worker.host));
  const active = all.filter(({ disabled, host }) => !disabled && (words.length === 0 || hosts.has(host)));
  if (active.length > 0) return active;
  throw problemsError([noMatch(job, words)]);
}

const FLAG = "--allocations";

function refusal(job: Job, host: string, found: Allocation | undefined, whenDisabled: string): Problem[] {
  if (!found)
    return [
      error(
        "not_allocated",
        FLAG,
        `job ${job.name} is not allocated on ${host}`,
        `maand cat allocations --jobs ${job.name} shows where it is`,
      ),
    ];
  if (found.inMaintenance)
    return [
      error(
        "in_maintenance",
        FLAG,
        `${host} is in maintenance`,
        "to see it, run maand maintain status; to continue, maand maintain resume",
      ),
    ];
  if (!found.disabled) return [];
  return [error("disabled_allocation", FLAG, `job ${job.name} is disabled on ${host}`, whenDisabled)];
}

function noMatch(job: Job, words: readonly string[]): Problem {
  if (words.length > 0)
    return error(
      "not_allocated",
      FLAG,
      `job ${job.name} has no active allocation on ${words.join(", ")}`,
      `maand cat allocations --jobs ${job.name} shows where it is`,
    );
  return error(
    "no_allocation",
    `job ${job.name}`,
    "has no active allocation",
    "to list the workers of jobs, run maand cat allocations; to find out why one is missing, maand why",
  );
}
