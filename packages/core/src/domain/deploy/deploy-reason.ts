import type { Allocation, Job } from "../workspace/job.ts";
import type { RecordedState } from "./plan.ts";

/** Why a run restores an earlier release. */
export type DeployCause = "rollback" | "revert";

/**
 * Why an allocation is changed, as in `DEPLOY_REASON`. `start`: no version was promoted yet; `enable`: it was stopped;
 * `upgrade`: its release or version changes; `retry`: its last command failed or is in doubt, or its health check
 * failed; `refresh`: the release is the same, but other values changed, or the deploy is forced; `disable` and
 * `remove`: it is disabled or removed; `maintenance`: it is stopped or started during maintenance of its worker;
 * `manual`: the change is not part of a deploy.
 */
export type DeployReason =
  | DeployCause
  | "start"
  | "enable"
  | "upgrade"
  | "retry"
  | "refresh"
  | "disable"
  | "remove"
  | "maintenance"
  | "manual";

/** The reason why a deploy changes an allocation. */
export function deployReason(
  { release, version, hold }: Pick<Job, "release" | "version" | "hold">,
  { removed, disabled }: Pick<Allocation, "removed" | "disabled">,
  { promoted, unsettled }: RecordedState,
): DeployReason {
  if (removed) return "remove";
  if (disabled) return "disable";
  if (!promoted) return "start";
  if (promoted.stopped) return "enable";
  if (hold && promoted.release === hold.release && release !== hold.release) return hold.kind;
  if (promoted.release !== release || promoted.version !== version) return "upgrade";
  return unsettled || promoted.healthFailed ? "retry" : "refresh";
}
