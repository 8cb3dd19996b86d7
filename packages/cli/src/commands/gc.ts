import { Command, Option, plural } from "@maand/command";
import { confirm, EngineCommand } from "@maand/command/internal";
import { MaandError } from "@maand/core";
import { type Collected, gc, type OpenedBucket, type PlannedCollection, planGc } from "@maand/core/internal";
import { confirmDeletes } from "../output/confirmations.ts";

/** The maximum of `--retain-days`: a hundred years. */
const MOST_DAYS = 36_500;

/** `maand gc`. */
export class GcCommand extends EngineCommand {
  static override paths = [["gc"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "delete removed allocations and their data on the workers",
    details:
      "For every allocation that was removed from the workspace and stopped by a deploy, deletes its directory on the worker, including data and logs, and its records. Deletes nothing if a deploy has not yet stopped all of these allocations. If a worker was removed from the workspace and is unreachable, deletes only the records.",
    examples: [
      ["Show what would be deleted", "maand gc --dry-run"],
      ["After build and deploy", "maand gc"],
      ["Keep deleted KV keys for a week", "maand gc --retain-days 7"],
    ],
  });

  retainDays = Option.String("--retain-days", "0", {
    description: "Days to keep the versions of deleted KV keys; default 0.",
  });

  dryRun = Option.Boolean("-n,--dry-run", false, { description: "Show what would be deleted, and delete nothing." });
  yes = Option.Boolean("-y,--yes", false, { description: "Delete on several workers without confirmation." });

  override async work(): Promise<number> {
    const days = Number(this.retainDays);
    if (!/^\d{1,5}(\.\d+)?$/.test(this.retainDays) || days > MOST_DAYS)
      throw new MaandError({
        code: "USAGE",
        message: `--retain-days must be a number of days from 0 to ${MOST_DAYS}, but is ${JSON.stringify(this.retainDays)}`,
        hint: "for example: --retain-days 7",
      });
    if (this.dryRun) return this.withEngine((bucket) => this.plan(bucket, days));
    const collected = await this.withEngine(async (bucket) => {
      await confirm(this, () => planGc(bucket, days).then(confirmDeletes));
      return gc(bucket, days);
    });
    if (this.json) this.printJson(record(collected));
    for (const { job, host } of collected.givenUp)
      this.context.stderr.write(
        `records deleted: ${job} on ${host}; the worker was removed from the workspace and is unreachable\n`,
      );
    for (const { allocation, message } of collected.failed)
      this.context.stderr.write(`kept: ${allocation.job} on ${allocation.host}: ${message}\n`);
    if (!this.json && !this.quiet) this.print(`gc: deleted ${plural(collected.forgotten.length, "allocation")}`);
    return collected.failed.length === 0 ? 0 : 1;
  }

  async plan(bucket: OpenedBucket, days: number): Promise<number> {
    const planned = await planGc(bucket, days);
    if (this.json)
      this.printJson({
        delete: units(planned.delete),
        give_up: units(planned.giveUp),
        purge_keys: planned.purgeKeys,
      });
    else for (const line of plannedLines(planned)) this.print(line);
    return 0;
  }
}

function plannedLines({ delete: found, giveUp, purgeKeys }: PlannedCollection): string[] {
  return [
    ...found.map(({ job, host }) => `delete ${job} on ${host}, with its data and logs`),
    ...giveUp.map(
      ({ job, host }) => `delete the records of ${job} on ${host}: the worker was removed and is unreachable`,
    ),
    ...(purgeKeys > 0 ? [`purge ${plural(purgeKeys, "deleted KV key")} with all versions`] : []),
    found.length + giveUp.length + purgeKeys === 0
      ? "gc would delete nothing"
      : "nothing was deleted yet; to delete these, run maand gc",
  ];
}

function units(allocations: readonly { readonly job: string; readonly host: string }[]) {
  return allocations.map(({ job, host }) => ({ job, worker_ip: host }));
}

function record({ forgotten, givenUp, failed, purgedKeys }: Collected) {
  return {
    forgotten: units(forgotten),
    given_up: units(givenUp),
    failed: failed.map(({ allocation: { job, host }, message }) => ({ job, worker_ip: host, message })),
    purged_keys: purgedKeys,
  };
}
