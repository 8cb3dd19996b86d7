import { Command, Option, printError } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import type { MaandEvent } from "@maand/core";
import { runJobCommand } from "@maand/core/internal";
import { MaandError } from "@maand/core/readonly";

/** `maand jobcommand`. */
export class JobCommandCommand extends EngineCommand {
  static override paths = [["jobcommand"], ["job_command"], ["job-command"]];
  static override usage = Command.Usage({
    category: "Job",
    description: "run a job command by hand on this machine",
    details:
      "The command must list the event cli. Without a job, it runs for every job that has the command; a failure does " +
      'not stop the others. It runs for each allocation of a job. With "once": true in the manifest, it runs only for the ' +
      "active allocation with the lowest index.",
    examples: [
      ["For one job", "maand jobcommand command_backup postgres"],
      ["For all jobs with the command, two allocations at a time", "maand jobcommand command_rotate --concurrency 2"],
    ],
  });

  command = Option.String({ required: true, name: "command" });
  job = Option.String({ required: false, name: "job" });
  concurrency = Option.String("--concurrency", "1", { description: "Number of allocations in parallel; default 1." });
  verbose = Option.Boolean("--verbose", false, {
    description: "Has no effect: maand always shows the output of commands.",
  });

  override async work(): Promise<number> {
    const finished: Finished[] = [];
    const keep = (event: MaandEvent) => void (event.type === "command.finished" && finished.push(event));
    const options = {
      command: this.command.trim(),
      concurrency: atLeastOne(this.concurrency),
      ...(this.job === undefined ? {} : { job: this.job.trim() }),
    };
    const report = await this.withEngine((bucket) => runJobCommand(bucket, options), this.json ? keep : undefined);
    if (this.json) this.printJson(finished.map(record));
    const failures = report.flatMap(({ failure }) => failure ?? []);
    const { stderr, stdout, signal } = this.context;
    for (const failure of failures) printError(failure, { json: false, stdout, stderr, style: this.style("stderr") });
    if (signal.aborted) return 130;
    return failures.length === 0 ? 0 : 1;
  }
}

type Finished = Extract<MaandEvent, { type: "command.finished" }>;

function record({ worker, job, command, outcome, exit, message, duration_ms }: Finished) {
  return { worker_ip: worker, job, command, exit, outcome, message, duration_ms };
}

function atLeastOne(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text.trim())) return Number(text);
  throw new MaandError({
    code: "USAGE",
    message: `--concurrency must be a whole number of at least 1, but is "${text}"`,
    hint: "for example: --concurrency 2",
  });
}
