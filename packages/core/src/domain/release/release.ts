import type { JobFile } from "../workspace/job.ts";

/** A numbered state of a job: its manifest and its source files, as a build found them. */
export interface Release {
  readonly job: string;
  /** Counted from 1 for each job. */
  readonly number: number;
  /** Digest of its files, the manifest included. */
  readonly digest: string;
  readonly version: string;
  /** ISO time of the build that created it. */
  readonly createdAt: string;
  /** The user that ran the build. */
  readonly createdBy: string;
  /** The git commit of the workspace, with `+changes` if files were not committed; absent outside a git repository. */
  readonly commit?: string;
  /** Whether an allocation was ever promoted with it. */
  readonly deployed: boolean;
  /** When it was last healthy on all active allocations; absent if it never was. */
  readonly goodAt?: string;
  /** Why it is bad: a command or health check of its rollout failed. */
  readonly bad?: string;
}

/** What is known about a release from its rollouts. */
export type Verdict = "good" | "bad" | "unconfirmed" | "never deployed";

/**
 * The verdict on a release. `unconfirmed`: the release was promoted somewhere, but was not yet healthy on all active
 * allocations.
 */
export function verdictOf({ bad, goodAt, deployed }: Pick<Release, "bad" | "goodAt" | "deployed">): Verdict {
  if (bad !== undefined) return "bad";
  if (goodAt !== undefined) return "good";
  return deployed ? "unconfirmed" : "never deployed";
}

/** The name of a release: `r14`. */
export function releaseName(number: number): string {
  return `r${number}`;
}

/** The number in the name of a release, such as `r14` or `14`; undefined for any other string. */
export function releaseNumber(text: string): number | undefined {
  const match = /^r?([1-9]\d{0,8})$/.exec(text);
  return match ? Number(match[1]) : undefined;
}

/**
 * The releases that retention deletes: releases older than the newest `keep` that are not in use. Bad releases are
 * counted separately, so they do not displace the others. `inUse` are the releases that run somewhere, are desired, or
 * are named by a hold. The newest good release is also kept.
 */
export function expiredReleases(
  releases: readonly Pick<Release, "number" | "bad" | "goodAt" | "deployed">[],
  keep: number,
  inUse: ReadonlySet<number>,
): number[] {
  const newestFirst = [...releases].sort((a, b) => b.number - a.number);
  const lastGood = newestFirst.find((release) => verdictOf(release) === "good");
  const others = newestFirst.filter((release) => verdictOf(release) !== "bad");
  const bad = newestFirst.filter((release) => verdictOf(release) === "bad");
  return [...others.slice(keep), ...bad.slice(keep)]
    .map(({ number }) => number)
    .filter((number) => !inUse.has(number) && number !== lastGood?.number);
}

/** The content of a release, for a build or a rollout: its manifest as written, and its files. */
export interface ReleaseContent {
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly files: readonly JobFile[];
}
