import type { MaandEvent } from "@maand/core";
import { compareHosts } from "@maand/core/internal";
import { groupBy } from "@maand/core/readonly";

export type Finished = Extract<MaandEvent, { type: "run.finished" }>;
export type Result = Finished["allocations"][number];
export type Failure = Finished["failures"][number];

/** The number of workers that are named. */
export const NAMED = 6;

/** The results of one job. */
export interface JobEnd {
  readonly name: string;
  readonly results: readonly Result[];
  readonly failures: readonly Failure[];
  /** The failed or paused job that blocks this job. */
  readonly by: string | undefined;
  /** Whether only a paused rollout blocks it. */
  readonly waits: boolean;
}

/**
 * The jobs with a result other than `skipped`, with a failure, or with a job that blocks them. Blocked jobs come last.
 */
export function jobsOf({ allocations, failures, blocked_jobs, paused }: Finished): JobEnd[] {
  const results = byJob(allocations);
  const failed = byJob(failures);
  const waitsFor = new Map(blocked_jobs.map(({ job, by }) => [job, by]));
  const waiting = new Set(paused.map(({ job }) => job));
  for (const { job, by } of blocked_jobs) if (waiting.has(by)) waiting.add(job);
  const touched = allocations.filter(({ outcome }) => outcome !== "skipped").map(({ job }) => job);
  const names = new Set([...touched, ...failed.keys(), ...waitsFor.keys()]);
  const jobs = [...names].map(
    (name): JobEnd => ({
      name,
      results: results.get(name) ?? [],
      failures: failed.get(name) ?? [],
      by: waitsFor.get(name),
      waits: waiting.has(waitsFor.get(name) ?? ""),
    }),
  );
  return [...jobs.filter(({ by }) => by === undefined), ...jobs.filter(({ by }) => by !== undefined)];
}

function byJob<T extends { readonly job: string }>(items: readonly T[]): Map<string, T[]> {
  return groupBy(items, ({ job }) => job);
}

const FINE: ReadonlySet<string> = new Set(["ok", "skipped", "paused"]);

export function hasProblems({ results, failures, by }: JobEnd): boolean {
  return failures.length > 0 || by !== undefined || results.some(({ outcome }) => !FINE.has(outcome));
}

export function isWrong({ outcome }: Result): boolean {
  return !["ok", "skipped", "blocked", "reverted", "paused"].includes(outcome);
}

/** Whether a failed allocation already reports this failure. */
export function isReported({ message }: Failure, wrong: readonly Result[]): boolean {
  return wrong.some((result) => result.message !== null && message.includes(result.message));
}

/** The workers of results, without duplicates, in order. */
export function hostsOf(results: readonly Result[]): string[] {
  return [...new Set(results.map(({ worker_ip }) => worker_ip))].sort(compareHosts);
}

export function named(results: readonly Result[]): string {
  const hosts = hostsOf(results);
  if (hosts.length <= NAMED) return hosts.join(", ");
  return `${hosts.slice(0, NAMED - 1).join(", ")} and ${hosts.length - NAMED + 1} more workers`;
}
