import type { Allocation } from "../workspace/job.ts";
import type { RecordedState, Target } from "./plan.ts";
import { NO_VERSION } from "./version.ts";

/**
 * The state that `cat deployments` shows for an allocation. `stopped`: enabled again and not yet started; `in_doubt`:
 * the result of its last command is unknown, even if it is disabled or removed; `paused`: a staged rollout is paused
 * before this allocation; `maintenance`: its worker is in maintenance.
 */
export type RolloutState =
  | "maintenance"
  | "removed"
  | "disabled_restart"
  | "disabled"
  | "new"
  | "in_doubt"
  | "health_failed"
  | "stopped"
  | "paused"
  | "restart"
  | "promoted";

/** The rollout state of an allocation, from stored state alone. The first matching rule applies. */
export function rolloutState(
  allocation: Pick<Allocation, "disabled" | "removed" | "inMaintenance">,
  target: Target,
  recorded: RecordedState,
  isPaused = false,
): RolloutState {
  const { promoted, unsettled } = recorded;
  if (allocation.inMaintenance) return "maintenance";
  if (unsettled?.inDoubt) return "in_doubt";
  if (allocation.removed) return "removed";
  const newDigest = promoted !== undefined && promoted.digest !== target.digest;
  const changed = newDigest || (promoted?.version ?? NO_VERSION) !== target.version;
  if (allocation.disabled) return changed ? "disabled_restart" : "disabled";
  if (!promoted) return isPaused ? "paused" : "new";
  if (promoted.healthFailed) return "health_failed";
  if (promoted.stopped) return isPaused ? "paused" : "stopped";
  if (changed && isPaused) return "paused";
  return changed || unsettled ? "restart" : "promoted";
}
