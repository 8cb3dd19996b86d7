import { type Release, verdictOf } from "./release.ts";

/** The state of an allocation before a failed rollout changed it. */
export interface ChangedBy {
  /** Whether a version was promoted on it before. */
  readonly ran: boolean;
  /** The number of its release; undefined if it is unknown. */
  readonly release: number | undefined;
}

/**
 * The target of the revert of a failed rollout. `release`: the release to deploy; `park`: no release ever worked, so
 * everything that was started is stopped, and the release is not deployed again; `starts`: the release was good on
 * other workers, so only the allocations that it started for the first time are stopped; `none`: there is no earlier
 * state to restore.
 */
export type RevertTarget =
  | { readonly kind: "release"; readonly number: number }
  | { readonly kind: "park" }
  | { readonly kind: "starts" }
  | { readonly kind: "none" };

/**
 * Chooses the target of a revert: the newest release that ran before on the changed allocations and is not bad, or else
 * the newest good release. If the failed release was good before, and no other release is known to have run on the
 * changed allocations, no release is chosen: the result is `starts` or `none`.
 */
export function revertTarget(
  failed: number,
  changed: readonly ChangedBy[],
  releases: readonly Release[],
): RevertTarget {
  const byNumber = new Map(releases.map((release) => [release.number, release]));
  const isUsable = (number: number) =>
    number !== failed && byNumber.has(number) && byNumber.get(number)?.bad === undefined;
  const ranBefore = changed.flatMap(({ ran, release }) => (ran && release !== undefined ? [release] : []));
  const usable = ranBefore.filter(isUsable);
  if (usable.length > 0) return { kind: "release", number: Math.max(...usable) };
  const wasGood = byNumber.get(failed)?.goodAt !== undefined;
  if (wasGood && ranBefore.every((release) => release === failed))
    return changed.some(({ ran }) => !ran) ? { kind: "starts" } : { kind: "none" };
  const good = releases.filter((release) => verdictOf(release) === "good" && isUsable(release.number));
  if (good.length > 0) return { kind: "release", number: Math.max(...good.map(({ number }) => number)) };
  return changed.some(({ ran }) => ran) ? { kind: "none" } : { kind: "park" };
}
