import { Command, listOf, Option } from "@maand/command";
import { confirm, EngineCommand } from "@maand/command/internal";
import { MaandError } from "@maand/core";
import {
  type ControlResult,
  controlJob,
  heldTexts,
  type MarkedAllocation,
  markStopped,
  resolveTarget,
  targetedAllocations,
} from "@maand/core/internal";
import { openRollouts } from "@maand/core/readonly";
import { confirmJobStop } from "../../output/confirmations.ts";
import { skippedWorkerLines } from "../../output/deploy/skipped-workers.ts";

/** The base class of the commands that run a target. */
abstract class ControlCommand extends EngineCommand {
  job = Option.String({ required: true, name: "job" });
  allocations = Option.Array("--allocations", [], {
    description: "Only on these workers; default: all active allocations.",
  });
  healthCheck = Option.Boolean("--health_check,--health-check", false, {
    description: "Check the job's health after each batch.",
  });
  ignoreBudget = Option.Boolean("--ignore-budget", false, {
    description: "Ignore availability budgets in an emergency; maand records this.",
  });

  yes = Option.Boolean("-y,--yes", false, { hidden: true });

  abstract get targetName(): string;

  override async work(): Promise<number> {
    const control = {
      jobs: listOf(this.job),
      target: this.targetName,
      workers: listOf(this.allocations),
      healthCheck: this.healthCheck,
      ignoreBudget: this.ignoreBudget,
    };
    const results = await this.withEngine(async (bucket) => {
      if (resolveTarget(control.target) === "stop")
        await confirm(this, () => confirmJobStop(targetedAllocations(bucket, control)));
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

/** The flag of the commands that can stop something. */
function confirmation() {
  return Option.Boolean("-y,--yes", false, { description: "Stop on several workers without confirmation." });
}

/**
 * The reasons why jobs are unhealthy although their target succeeded, without duplicates. Without `--quiet`, the output
 * of the run already shows them.
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
  "Separate several jobs with commas. Workers are hosts, hostnames, label:x or zone:x, and must be in sync with the last deploy. The command does not change recorded versions or promotions.";

/** Creates a command that runs the target with the same name. */
function controlCommand(target: string, description: string, ...examples: [string, string][]) {
  return class extends ControlCommand {
    static override paths = [["job", target]];
    static override usage = Command.Usage({ category: "Job", description, details: NOTE, examples });
    override targetName = target;
  };
}

/** `maand job stop`, which can also record that allocations are already stopped. */
class JobStopCommand extends controlCommand("stop", "run make stop on the workers of a job", [
  "On one worker",
  "maand job stop api --allocations 10.0.0.2",
]) {
  static override usage = Command.Usage({
    category: "Job",
    description: "run make stop on the workers of a job",
    details: `${NOTE}\n\nWith --mark-stopped, runs nothing, but records that disabled or removed allocations no longer run. If make stop cannot succeed, stop the allocations by hand, then use this flag. The next deploy continues as after a successful stop.`,
    examples: [
      ["On one worker", "maand job stop api --allocations 10.0.0.2"],
      ["Record that the job is stopped on a worker", "maand job stop api --allocations 10.0.0.2 --mark-stopped"],
    ],
  });

  override yes = confirmation();
  markStopped = Option.Boolean("--mark-stopped", false, {
    description: "Run nothing; record disabled or removed allocations as stopped.",
  });

  override async work(): Promise<number> {
    if (!this.markStopped) return super.work();
    if (this.healthCheck)
      throw new MaandError({
        code: "USAGE",
        message: "--mark-stopped runs nothing, so there is nothing for --health_check to wait for",
        hint: "leave --health_check out",
      });
    const options = { jobs: listOf(this.job), workers: listOf(this.allocations) };
    const marked = await this.withEngine((bucket) => markStopped(bucket, options));
    if (this.json) this.printJson(marked.map(({ job, host, marked }) => ({ job, worker_ip: host, marked })));
    else if (!this.quiet) for (const one of marked) this.print(markedLine(one));
    return 0;
  }
}

function markedLine({ job, host, marked, removed }: MarkedAllocation): string {
  const where = `${job} on ${host}`;
  if (!marked) return `${where}: not recorded as running, nothing to do`;
  const next = removed ? ", and the next maand deploy deletes its files" : "";
  return `${where}: recorded as stopped; nothing was run there${next}`;
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

  override yes = confirmation();
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
  controlCommand(
    "start",
    "run make start on the workers of a job",
    ["On all workers", "maand job start api"],
    ["On one worker, and wait until the job is healthy", "maand job start api --allocations 10.0.0.2 --health_check"],
  ),
  JobStopCommand,
  controlCommand(
    "restart",
    "run make restart on the workers of a job, batch by batch",
    ["Everywhere", "maand job restart api --health_check"],
    ["Two jobs, on the web servers", "maand job restart api,worker --allocations label:web"],
  ),
  JobRunCommand,
  controlCommand(
    "status",
    "run make status on the workers of a job",
    ["On all workers", "maand job status api"],
    ["On one worker", "maand job status api --allocations 10.0.0.2"],
  ),
];
