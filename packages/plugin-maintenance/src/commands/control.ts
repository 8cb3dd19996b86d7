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
    description: "continue the open maintenance",
    details:
      "Does only what remains, from any terminal: a command that ran is not run again, and a worker that has rebooted is not rebooted again. Workers that were set aside are tried again at the step that failed. If only workers are left that --keep-drained keeps drained, starts their jobs.",
    examples: [
      ["After an interruption", "maand maintain resume"],
      ["With longer time limits for slow machines", "maand maintain resume --timeout 1h"],
    ],
  });

  concurrency = Option.String("-c,--concurrency", { description: "Number of workers at once; default: unchanged." });
  onFailure = Option.String("--on-failure", {
    description: "stop, continue, or a number or share of workers; default: unchanged.",
  });
  timeout = Option.String("--timeout", { description: "How long a reboot may take; default: unchanged." });
  runTimeout = Option.String("--run-timeout", { description: "How long the command may take; default: unchanged." });
  ignoreBudget = Option.Boolean("--ignore-budget", false, {
    description: "Ignore availability budgets, in an emergency; it is recorded.",
  });

  verbose = Option.Boolean("--verbose", false, {
    description: "Print all output of make and hooks, also on a terminal.",
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
    description: "end the open maintenance, and start what it stopped",
    details:
      "Starts what this maintenance stopped, and nothing else: what was disabled or stopped before stays stopped. Workers that have not begun are skipped. It always ends the maintenance: if a worker cannot be reached, the next maand deploy that reaches it starts its jobs.",
    examples: [
      ["End it", "maand maintain abort"],
      ["With events for a program", "maand maintain abort --json"],
    ],
  });

  verbose = Option.Boolean("--verbose", false, {
    description: "Print all output of make and hooks, also on a terminal.",
  });

  override progress() {
    return super.progress(this.verbose);
  }

  override async work(): Promise<number> {
    return report(this, await this.withEngine(abortMaintenance));
  }
}
