import type { Deployment } from "@maand/core/readonly";
import { groupBy } from "@maand/core/readonly";

/** One job: its running and target versions, and the number of allocations in each state. */
export interface JobState {
  readonly job: string;
  /** Promoted versions, the most frequent first; empty if nothing was promoted. */
  readonly versions: readonly string[];
  /** The version of the last build. */
  readonly target: string;
  /** The number of allocations by state, as `maand cat deployments` shows it, `promoted` first. */
  readonly states: ReadonlyMap<string, number>;
}

/** The jobs in name order, from their allocations. Removed allocations count until a deploy has cleaned them up. */
export function jobStates(deployments: readonly Deployment[]): JobState[] {
  return [...groupBy(deployments, ({ job }) => job)].map(([job, all]) => {
    const promoted = all.filter(({ promotedDigest, removed }) => promotedDigest !== null && !removed);
    const states = countsOf(all.map(({ rollout }) => rollout));
    return {
      job,
      versions: [...countsOf(promoted.map(({ currentVersion }) => currentVersion)).keys()],
      target: all.find(({ removed }) => !removed)?.newVersion ?? "",
      states: new Map([...states].sort(([a], [b]) => Number(b === "promoted") - Number(a === "promoted"))),
    };
  });
}

/** The number of times that each word occurs, the most frequent first. */
function countsOf(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return new Map([...counts].sort(([, a], [, b]) => b - a));
}
