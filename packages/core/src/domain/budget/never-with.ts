import type { Job } from "../workspace/job.ts";

/** A job that is being rolled out or maintained. */
export interface UnderWay {
  readonly job: string;
  /** What is being done, such as `a rollout` or `maintenance of 10.0.0.2`. */
  readonly what: string;
}

/** Why a job must not be changed now: another job that must not be changed together with it is being changed. */
export interface ExclusionRefusal {
  readonly kind: "never_with";
  readonly job: string;
  readonly other: UnderWay;
}

/**
 * For each job, the jobs that must not be changed together with it. If one job names another, both exclude each other.
 */
export type Exclusions = ReadonlyMap<string, ReadonlySet<string>>;

/** The exclusions of all jobs. */
export function exclusionsOf(jobs: readonly Pick<Job, "name" | "neverWith">[]): Exclusions {
  const found = new Map<string, Set<string>>();
  const add = (a: string, b: string) => found.set(a, (found.get(a) ?? new Set()).add(b));
  for (const { name, neverWith = [] } of jobs)
    for (const other of neverWith) {
      add(name, other);
      add(other, name);
    }
  return found;
}

/**
 * Finds a job that is being changed and excludes one of `jobs`; undefined if there is none. The `jobs` are changed
 * together and do not exclude each other.
 */
export function exclusionRefusal(
  jobs: readonly string[],
  exclusions: Exclusions,
  underWay: readonly UnderWay[],
): ExclusionRefusal | undefined {
  for (const job of jobs) {
    const excluded = exclusions.get(job);
    const other = underWay.find((one) => excluded?.has(one.job) && !jobs.includes(one.job));
    if (other) return { kind: "never_with", job, other };
  }
  return undefined;
}
