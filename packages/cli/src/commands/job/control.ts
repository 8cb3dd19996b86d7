import { listOf } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { type ControlResult, controlJob, heldTexts } from "@maand/core/internal";
import { openRollouts } from "@maand/core/readonly";
import { Command, Option } from "clipanion";
import { skippedWorkerLines } from "../../output/deploy/skipped-workers.ts";

/** The base of the commands that run a target. */
abstract class ControlCommand extends EngineCommand {
  job = Option.String({ required: true, name: "job" });
  allocations = Option.Array("--allocations", [], {
    description: "Only on these workers; default: all active allocations.",
  });
  healthCheck = Option.Boolean("--health_check,--health-check", false, {
    description: "Check the job's health after each batch.",
  });

  abstract get targetName(): string;

  override async work(): Promise<number> {
    const control = {
      jobs: listOf(this.job),
      target: this.targetName,
      workers: listOf(this.allocations),
      healthCheck: this.healthCheck,
    };
    const results = await this.withEngine((bucket) => {
      this.warnOfHolds(heldTexts(bucket.store.catalog.read(), control.jobs));
      this.warnOfHolds(openRollouts(bucket.store, control.jobs));
      return controlJob(bucket, control);
    });
    if (this.json) this.printJson(results.map(record));
    const begun = results.filter(({ outcome }) => outcome !== "skipped");
    if (this.quiet) for (const message of unhealthyReasons(begun)) this.context.stderr.write(`${message}\n`);
    for (const line of skippedWorkerLines(results)) this.context.stderr.write(`${line}\n`);
    if (this.context.signal.aborted) return 130;
    return begun.length === results.length && begun.every(({ outcome }) => outcome === "ok") ? 0 : 1;
  }
}

/**
 * The reasons why jobs are unhealthy although their target succeeded, without duplicates; without `--quiet`, the lines of
 * the run show them.
 */
function unhealthyReasons(results: readonly ControlResult[]): ReadonlySet<string> {
  return new Set(
    results.flatMap(({ outcome, exit, message }) =>
      outcome === "failed" && exit === 0 && message !== null ? [message] : [],
    ),
  );
}

function record({ host, job, exit, outcome, stdout, stderr, durationMs }: ControlResult) {
  return { worker_ip: host, job, exit, outcome, stdout, stderr, duration_ms: durationMs };
}

const NOTE =
  "Separate several jobs with commas. Workers are hosts, hostnames, label:x or zone:x, and must match the last deploy. The command does not change recorded versions and promotions.";

/** Creates a command that runs the target of its own name. */
function controlCommand(target: string, description: string, example: readonly [string, string]) {
  return class extends ControlCommand {
    static override paths = [["job", target]];
    static override usage = Command.Usage({ category: "Job", description, details: NOTE, examples: [[...example]] });
    override targetName = target;
  };
}

/** `maand job run`. */
class JobRunCommand extends ControlCommand {
  static override paths = [["job", "run"]];
  static override usage = Command.Usage({
    category: "Job",
    description: "run any Makefile target on the workers of a job",
    details: NOTE,
    examples: [
      ["Reload the configuration", "maand job run api --target reload"],
      ["A custom target", "maand job run api --target migrate"],
    ],
  });

  target = Option.String("--target", {
    required: true,
    description: "Required: start, stop, reload, or any other target.",
  });

  override get targetName(): string {
    return this.target;
  }
}

/** The commands that run one target of a job by hand. */
export const JOB_COMMANDS = [
  controlCommand("start", "run make start on the workers of a job", ["On all workers", "maand job start api"]),
  controlCommand("stop", "run make stop on the workers of a job", [
    "On one worker",
    "maand job stop api --allocations 10.0.0.2",
  ]),
  controlCommand("restart", "run make restart on the workers of a job, batch by batch", [
    "Everywhere",
    "maand job restart api --health_check",
  ]),
  JobRunCommand,
  controlCommand("status", "run make status on the workers of a job", ["On all workers", "maand job status api"]),
];
