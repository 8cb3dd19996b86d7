import { Command, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { abortRollout, type OpenedBucket, resumeRollout } from "@maand/core/internal";
import { allOf, jsonReader } from "../output/json-reader.ts";
import { exitOfDeploy } from "../run/exit-of-deploy.ts";

/** The base of `rollout resume` and `rollout abort`. */
abstract class RolloutCommand extends EngineCommand {
  job = Option.String({ required: true, name: "job" });

  ignoreBudget = Option.Boolean("--ignore-budget", false, {
    description: "Ignore availability budgets, in an emergency; it is recorded.",
  });

  verbose = Option.Boolean("--verbose", false, {
    description: "Print all output of make and hooks, also on a terminal.",
  });

  abstract carryOut(bucket: OpenedBucket): ReturnType<typeof resumeRollout>;

  override async work(): Promise<number> {
    const readers = [await this.progress(this.verbose), ...(this.json ? [jsonReader(this.context.stdout)] : [])];
    return this.withEngine(async (bucket) => exitOfDeploy(await this.carryOut(bucket)), allOf(readers));
  }
}

/** `maand rollout resume`. */
class RolloutResumeCommand extends RolloutCommand {
  static override paths = [["rollout", "resume"]];
  static override usage = Command.Usage({
    category: "Deploy",
    description: "resume a paused staged rollout",
    details:
      "Continues the rollout to the next pause or to the end, from any terminal, also after this machine was rebooted. After a failed step or during a timed wait, it resumes there, as maand deploy does. Jobs that wait for this one are deployed by the next maand deploy.",
    examples: [
      ["Approve the next step", "maand rollout resume api"],
      ["Resume even if the budget forbids it", "maand rollout resume api --ignore-budget"],
    ],
  });

  override carryOut(bucket: OpenedBucket) {
    return resumeRollout(bucket, this.job, this.ignoreBudget);
  }
}

/** `maand rollout abort`. */
class RolloutAbortCommand extends RolloutCommand {
  static override paths = [["rollout", "abort"]];
  static override usage = Command.Usage({
    category: "Deploy",
    description: "end a staged rollout and go back to the release before it",
    details:
      "Allocations that run the new release go back to the one that ran before, in batches with health checks and without pauses. The new release is then marked bad and held: builds and deploys skip it until the job changes.",
    examples: [
      ["Go back", "maand rollout abort api"],
      ["Go back even if the budget forbids it", "maand rollout abort api --ignore-budget"],
    ],
  });

  override carryOut(bucket: OpenedBucket) {
    return abortRollout(bucket, this.job, this.ignoreBudget);
  }
}

/** The commands that change a staged rollout. */
export const ROLLOUT_COMMANDS = [RolloutResumeCommand, RolloutAbortCommand];
