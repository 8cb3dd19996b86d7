import { Command, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { abortMaintenance, resumeMaintenance } from "../maintain.ts";
import { report } from "./report.ts";
import { settingsOf } from "./settings.ts";

/** `maand maintain resume`. */
export class MaintainResumeCommand extends EngineCommand {
  static override paths = [["maintain", "resume"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "continue the maintenance in progress",
    details:
      "Does only the remaining steps, from any terminal: it does not repeat a command that ran, or a reboot that happened. It retries workers that were set aside at the step that failed. If only drained workers of --keep-drained are left, it starts their jobs.",
    examples: [
      ["After an interruption", "maand maintain resume"],
      ["With longer time limits for slow machines", "maand maintain resume --timeout 1h"],
    ],
  });

  concurrency = Option.String("-c,--concurrency", {
    description: "Number of workers in parallel; default: unchanged.",
  });
  onFailure = Option.String("--on-failure", {
    description: "stop, continue, or a number or percentage of workers; default: unchanged.",
  });
  timeout = Option.String("--timeout", { description: "Time limit for a reboot; default: unchanged." });
  runTimeout = Option.String("--run-timeout", { description: "Time limit for the command; default: unchanged." });
  ignoreBudget = Option.Boolean("--ignore-budget", false, {
    description: "Ignore availability budgets in an emergency; maand records this.",
  });

  verbose = Option.Boolean("--verbose", false, {
    description: "Print all output of make and hooks, even on a terminal.",
  });

  override progress() {
    return super.progress(this.verbose);
  }

  override async work(): Promise<number> {
    const options = { ...settingsOf(this), ignoreBudget: this.ignoreBudget };
    return report(this, await this.withEngine((bucket) => resumeMaintenance(bucket, options)));
  }
}

/** `maand maintain abort`. */
export class MaintainAbortCommand extends EngineCommand {
  static override paths = [["maintain", "abort"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "end the maintenance in progress, and start the jobs that it stopped",
    details:
      "Starts only the jobs that this maintenance stopped. Allocations that were disabled or stopped before stay stopped. Skips workers that the maintenance has not started. Always ends the maintenance: if a worker is unreachable, the next maand deploy that reaches it starts its jobs.",
    examples: [
      ["End the maintenance", "maand maintain abort"],
      ["With events for a program", "maand maintain abort --json"],
    ],
  });

  verbose = Option.Boolean("--verbose", false, {
    description: "Print all output of make and hooks, even on a terminal.",
  });

  override progress() {
    return super.progress(this.verbose);
  }

  override async work(): Promise<number> {
    return report(this, await this.withEngine(abortMaintenance));
  }
}
