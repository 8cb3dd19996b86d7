import type { ActionStep, StepCommand } from "../action-step.ts";
import type { WorkerContext } from "../base-contexts.ts";

/** `runOnWorker`: a maintenance command, which must run once on its worker. @experimental */
export interface WorkerCommandContext extends WorkerContext {
  /** The step that the command is part of. A run that continues the maintenance has the same step. */
  readonly step: ActionStep;
  /**
   * The command to run, as root and in the bucket's directory. The command continues on the worker when the run is
   * interrupted, because a half-finished upgrade is worse than a late one.
   */
  readonly command: StepCommand;
}
