import { Command, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { abortRollout, type OpenedBucket, resumeRollout } from "@maand/core/internal";
import { allOf, jsonReader } from "../output/json-reader.ts";
import { exitOfDeploy } from "../run/exit-of-deploy.ts";

/** The base class of `rollout resume` and `rollout abort`. */
abstract class RolloutCommand extends EngineCommand {
  job = Option.String({ required: true, name: "job" });

  ignoreBudget = Option.Boolean("--ignore-budget", false, {
    description: "Ignore availability budgets in an emergency; maand records this.",
  });

  verbose = Option.Boolean("--verbose", false, {
    description: "Print all output of make and hooks, even on a terminal.",
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
      "Continues the rollout to the next pause or to the end, from any terminal, even after a reboot of this machine. After a failed step or during a timed wait, it resumes at that point, as maand deploy does. The next maand deploy deploys jobs that wait for this job.",
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
    description: "end a staged rollout and restore the previous release",
    details:
      "Restores the previous release on all allocations that run the new one, in batches with health checks and without pauses. Then marks the new release as bad and holds it: builds and deploys skip that release until the job changes.",
    examples: [
      ["Restore the previous release", "maand rollout abort api"],
      ["Restore it even if the budget forbids it", "maand rollout abort api --ignore-budget"],
    ],
  });

  override carryOut(bucket: OpenedBucket) {
    return abortRollout(bucket, this.job, this.ignoreBudget);
  }
}

/** The commands that change a staged rollout. */
export const ROLLOUT_COMMANDS = [RolloutResumeCommand, RolloutAbortCommand];
