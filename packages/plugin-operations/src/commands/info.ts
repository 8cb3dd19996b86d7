import { Command } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import type { Store } from "@maand/core/readonly";

/** `maand info`. */
export class InfoCommand extends StoredCommand {
  static override paths = [["info"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "show a summary of the bucket",
    examples: [
      ["The id of the bucket, and counts", "maand info"],
      ["For a program", "maand info --json"],
    ],
  });

  override show(store: Store): number {
    const bucket = store.bucket.read();
    const catalog = store.catalog.read();
    const allocations = catalog.allocations.filter(({ removed }) => !removed).length;
    const info = {
      bucket_id: bucket?.id ?? "",
      update_seq: bucket?.updateSeq ?? 0,
      workers: catalog.workers.length,
      jobs: catalog.jobs.length,
      allocations,
    };
    if (this.json) this.printJson(info);
    else {
      const names = ["Bucket ID", "Update Sequence", "Number of Workers", "Number of Jobs", "Number of Allocations"];
      this.printTable(
        ["Description", "Value"],
        Object.values(info).map((value, at) => [names[at] ?? "", value]),
      );
    }
    return 0;
  }
}
