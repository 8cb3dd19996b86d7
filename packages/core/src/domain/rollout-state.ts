import type { Allocation } from "./job.ts";
import type { Remembered, Target } from "./plan.ts";

/**
 * The word `cat deployments` shows for an allocation (deploy.md 7.3). `stopped` is an allocation that was re-enabled and
 * not started yet; `in_doubt` one whose last command nobody knows the end of.
 */
export type RolloutState =
  | "removed"
  | "disabled_restart"
  | "disabled"
  | "new"
  | "in_doubt"
  | "health_failed"
  | "stopped"
  | "restart"
  | "promoted";

/** First rule that holds, from what is stored alone. */
export function rolloutState(
  allocation: Pick<Allocation, "disabled" | "removed">,
  target: Target,
  remembered: Remembered,
): RolloutState {
  const { promoted, unsettled } = remembered;
  if (allocation.removed) return "removed";
  const changed = promoted !== undefined && (promoted.digest !== target.digest || promoted.version !== target.version);
  if (allocation.disabled) return changed ? "disabled_restart" : "disabled";
  if (unsettled?.inDoubt) return "in_doubt";
  if (!promoted) return "new";
  if (promoted.healthFailed) return "health_failed";
  if (promoted.stopped) return "stopped";
  return changed || unsettled ? "restart" : "promoted";
}
