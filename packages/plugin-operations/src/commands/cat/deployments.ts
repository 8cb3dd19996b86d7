import { Command, listOf, Option } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import {
  type BucketPaths,
  type Deployment,
  deployments,
  heldTexts,
  loadUnbuilt,
  openRollouts,
  releaseName,
  type Store,
} from "@maand/core/readonly";
import { unitFilter } from "./filter.ts";

/** `maand cat deployments`. */
export class DeploymentsCommand extends StoredCommand {
  static override paths = [["cat", "deployments"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "show what runs on each worker, and what should run",
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
      this.printTable(COLUMNS, rows.map(cellsOf), FOLD);
    }
    return 0;
  }
}

/**
 * The running and target versions, and the running and target files. The column that is dropped first has the lowest
 * rank.
 */
const COLUMNS = [
  "job",
  "worker",
  "rollout",
  { name: "running", dropOrder: 7 },
  { name: "target", dropOrder: 6 },
  { name: "running files", dropOrder: 3 },
  { name: "target files", dropOrder: 2 },
  { name: "disabled", numeric: true, dropOrder: 5 },
  { name: "removed", numeric: true, dropOrder: 4 },
  { name: "alloc_id", dropOrder: 1 },
] as const;

/** Workers on which a job is in the same state; files and ids may differ between them. */
const FOLD = { at: 1, word: "worker", except: [5, 6, 9] } as const;

function cellsOf(row: Deployment): (string | number)[] {
  const short = (digest: string | null) => (digest ?? "").slice(0, 12);
  return [
    row.job,
    row.host,
    row.rollout,
    row.promotedDigest === null ? "" : row.currentVersion,
    row.newVersion,
    short(row.promotedDigest),
    short(row.currentDigest),
    row.disabled ? 1 : 0,
    row.removed ? 1 : 0,
    row.id,
  ];
}
