import { Command, Option, plural } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { MaandError } from "@maand/core";
import { type Collected, gc } from "@maand/core/internal";

/** A hundred years. */
const MOST_DAYS = 36_500;

/** `maand gc`. */
export class GcCommand extends EngineCommand {
  static override paths = [["gc"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "delete removed allocations and their data on the workers",
    details:
      "For every allocation that was removed from the workspace and stopped by a deploy: deletes its directory on the worker, including data and logs, and its records. Refuses allocations that are not stopped yet. Gives up on a worker that was removed from the workspace and is unreachable.",
    examples: [
      ["After build and deploy", "maand gc"],
      ["Keep deleted KV keys for a week", "maand gc --retain-days 7"],
    ],
  });

  retainDays = Option.String("--retain-days", "0", {
    description: "Days to keep the versions of deleted KV keys; default 0.",
  });

  override async work(): Promise<number> {
    const days = Number(this.retainDays);
    if (!/^\d{1,5}(\.\d+)?$/.test(this.retainDays) || days > MOST_DAYS)
      throw new MaandError({
        code: "USAGE",
        message: `--retain-days must be a number of days from 0 to ${MOST_DAYS}, but is ${JSON.stringify(this.retainDays)}`,
        hint: "for example: --retain-days 7",
      });
    const collected = await this.withEngine((bucket) => gc(bucket, days));
    if (this.json) this.printJson(record(collected));
    for (const { job, host } of collected.givenUp)
      this.context.stderr.write(`given up: ${job} on ${host}, removed from the workspace and unreachable\n`);
    for (const { allocation, message } of collected.failed)
      this.context.stderr.write(`kept: ${allocation.job} on ${allocation.host}: ${message}\n`);
    if (!this.json && !this.quiet) this.print(`gc: ${plural(collected.forgotten.length, "allocation")} forgotten`);
    return collected.failed.length === 0 ? 0 : 1;
  }
}

function record({ forgotten, givenUp, failed, purgedKeys }: Collected) {
  const unit = ({ job, host }: { readonly job: string; readonly host: string }) => ({ job, worker_ip: host });
  return {
    forgotten: forgotten.map(unit),
    given_up: givenUp.map(unit),
    failed: failed.map(({ allocation, message }) => ({ ...unit(allocation), message })),
    purged_keys: purgedKeys,
  };
}
