import { listOf, MaandCommand } from "@maand/command";
import { type ControlResult, controlJob } from "@maand/core";
import { Command, Option } from "clipanion";
import { skippedWorkerLines } from "../../output/deploy/skipped-workers.ts";

/** What the commands that run a target have in common. */
abstract class ControlCommand extends MaandCommand {
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
    const results = await this.withBucket((bucket) => controlJob(bucket, control));
    if (this.json) this.printJson(results.map(record));
    const begun = results.filter(({ outcome }) => outcome !== "skipped");
    if (this.quiet) for (const message of unhealthyReasons(begun)) this.context.stderr.write(`${message}\n`);
    for (const line of skippedWorkerLines(results)) this.context.stderr.write(`${line}\n`);
    if (this.context.signal.aborted) return 130;
    return begun.length === results.length && begun.every(({ outcome }) => outcome === "ok") ? 0 : 1;
  }
}

/** Why jobs are not healthy although their target did what it should, each once: otherwise the lines of the run say it. */
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
  "Several jobs are named with commas. Workers are hosts, hostnames, label:x or zone:x, and must be as the last deploy left them. Nothing is recorded: versions and promotions stay as they are.";

/** `maand job start`. */
export class JobStartCommand extends ControlCommand {
  static override paths = [["job", "start"]];
  static override usage = Command.Usage({
    category: "Job",
    description: "run make start on the workers of a job",
    details: NOTE,
    examples: [["Everywhere", "maand job start api"]],
  });
  override targetName = "start";
}

/** `maand job stop`. */
export class JobStopCommand extends ControlCommand {
  static override paths = [["job", "stop"]];
  static override usage = Command.Usage({
    category: "Job",
    description: "run make stop on the workers of a job",
    details: NOTE,
    examples: [["On one worker", "maand job stop api --allocations 10.0.0.2"]],
  });
  override targetName = "stop";
}

/** `maand job restart`. */
export class JobRestartCommand extends ControlCommand {
  static override paths = [["job", "restart"]];
  static override usage = Command.Usage({
    category: "Job",
    description: "run make restart on the workers of a job, batch by batch",
    details: NOTE,
    examples: [["Everywhere", "maand job restart api --health_check"]],
  });
  override targetName = "restart";
}

/** `maand job status`. */
export class JobStatusCommand extends ControlCommand {
  static override paths = [["job", "status"]];
  static override usage = Command.Usage({
    category: "Job",
    description: "run make status on the workers of a job",
    details: NOTE,
    examples: [["Everywhere", "maand job status api"]],
  });
  override targetName = "status";
}

/** `maand job run`. */
export class JobRunCommand extends ControlCommand {
  static override paths = [["job", "run"]];
  static override usage = Command.Usage({
    category: "Job",
    description: "run any Makefile target on the workers of a job",
    details: NOTE,
    examples: [
      ["Apply settings softly", "maand job run api --target reload"],
      ["A target of your own", "maand job run api --target migrate"],
    ],
  });

  target = Option.String("--target", {
    required: true,
    description: "Must be given: start, stop, reload, or any other target.",
  });

  override get targetName(): string {
    return this.target;
  }
}
