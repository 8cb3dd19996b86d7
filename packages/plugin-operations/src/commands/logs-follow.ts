import { Command, EXIT, listOf, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { MaandError } from "@maand/core";
import { explainEnd } from "../follow/explain-end.ts";
import { type FollowOptions, followJob } from "../follow/follow-job.ts";
import { FollowPrinter } from "../output/follow-printer.ts";

/** `maand logs follow`. */
export class LogsFollowCommand extends EngineCommand {
  static override paths = [["logs", "follow"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "follow the logs of a job on its workers until Ctrl-C",
    details:
      "Runs the command `logs` of the manifest, or otherwise the Makefile target `logs`, on each worker of the job. Prints its lines as they arrive, with the name of the worker. Ctrl-C also stops the commands on the workers. If a connection is lost, reports the loss and reconnects. Takes no lock and does not record the lines.",
    examples: [
      ["All workers of a job", "maand logs follow api"],
      ["Two of them, from now on", "maand logs follow api --workers 10.0.0.1,10.0.0.2 --tail 0"],
    ],
  });

  job = Option.String({ required: true, name: "job" });
  workers = Option.Array("-w,--workers", [], {
    description: "Only these workers: hosts, hostnames, label:x, zone:x; default: all active.",
  });
  labels = Option.Array("-l,--labels", [], { description: "Only workers with any of these labels." });
  tail = Option.String("--tail", "10", {
    description: "Number of earlier lines (LOGS_TAIL of the command); default 10.",
  });

  override async work(): Promise<number> {
    const options: FollowOptions = {
      job: this.job.trim(),
      workers: listOf(this.workers),
      labels: listOf(this.labels),
      tail: this.#count(),
    };
    const { stdout, stderr, signal, now } = this.context;
    const common = { json: this.json, job: options.job, style: this.style("stdout"), stdout, stderr, signal, now };
    const results = await this.withEngine((bucket) =>
      followJob(bucket, options, (hosts) => new FollowPrinter({ ...common, hosts })),
    );
    if (signal.aborted) return EXIT.interrupted;
    return results.every(({ end }) => explainEnd(options.job, end) === undefined) ? EXIT.ok : EXIT.failed;
  }

  #count(): number {
    if (/^\d{1,9}$/.test(this.tail)) return Number(this.tail);
    throw new MaandError({
      code: "USAGE",
      message: `--tail takes a number, not "${this.tail}"`,
      hint: "for example: --tail 20",
    });
  }
}
