import { Command, listOf, Option } from "@maand/command";
import {
  type BucketPaths,
  deployments,
  heldTexts,
  loadUnbuilt,
  openRollouts,
  releaseName,
  type Store,
} from "@maand/core/readonly";
import { StoredCommand } from "../stored-command.ts";
import { unitFilter } from "./filter.ts";

/** `maand cat deployments`. */
export class DeploymentsCommand extends StoredCommand {
  static override paths = [["cat", "deployments"]];
  static override usage = Command.Usage({
    category: "Look",
    description: "show the promoted version on each worker and the next action",
    examples: [
      ["Of one job", "maand cat deployments --jobs api"],
      ["Without disabled and removed allocations", "maand cat deployments --active"],
    ],
  });

  jobs = Option.Array("--jobs", [], { description: "Only these jobs, comma-separated." });
  workers = Option.Array("--workers", [], { description: "Only these workers: hosts, hostnames, label:x, zone:x." });
  active = Option.Boolean("--active", false, { description: "Omit disabled and removed allocations." });

  override async show(store: Store, paths: BucketPaths): Promise<number> {
    const { unbuiltParts } = await loadUnbuilt();
    this.warnOfUnbuilt(unbuiltParts({ store, paths }));
    const all = deployments(store);
    const catalog = store.catalog.read();
    this.warnOfHolds([...heldTexts(catalog, listOf(this.jobs)), ...openRollouts(store, listOf(this.jobs))]);
    const wanted = unitFilter(catalog, this);
    const rows = all.filter((row) => wanted(row) && !(this.active && (row.disabled || row.removed)));
    const flag = (set: boolean) => (set ? 1 : 0);
    if (this.json) {
      this.printJson(
        rows.map((row) => ({
          job: row.job,
          worker_ip: row.host,
          alloc_id: row.id,
          rollout: row.rollout,
          current_hash: row.currentDigest,
          previous_hash: row.promotedDigest,
          current_version: row.currentVersion,
          new_version: row.newVersion,
          disabled: flag(row.disabled),
          removed: flag(row.removed),
          in_doubt: row.inDoubt,
          held: row.held === null ? null : releaseName(row.held),
          step: row.step,
        })),
      );
    } else {
      const columns = [
        "job",
        "worker_ip",
        "rollout",
        "current",
        "previous",
        "version",
        "new",
        { name: "dis", numeric: true },
        { name: "rem", numeric: true },
        { name: "alloc_id", leave: 1 },
      ] as const;
      const short = (digest: string | null) => (digest ?? "").slice(0, 12);
      this.printTable(
        columns,
        rows.map((row) => [
          row.job,
          row.host,
          row.rollout,
          short(row.currentDigest),
          short(row.promotedDigest),
          row.currentVersion,
          row.newVersion,
          flag(row.disabled),
          flag(row.removed),
          row.id,
        ]),
      );
    }
    return 0;
  }
}
