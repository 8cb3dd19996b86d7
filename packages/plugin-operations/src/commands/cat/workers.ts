import { Command } from "@maand/command";
import { plainDecimal, type Store } from "@maand/core/readonly";
import { StoredCommand } from "../stored-command.ts";

/** `maand cat workers`. */
export class WorkersCommand extends StoredCommand {
  static override paths = [["cat", "workers"]];
  static override usage = Command.Usage({ category: "Look", description: "list the workers of the catalog" });

  override show(store: Store): number {
    const { workers } = store.catalog.read();
    if (this.json) {
      this.printJson(
        workers.map((worker) => ({
          worker_ip: worker.host,
          worker_id: worker.workerId,
          hostname: worker.hostname ?? null,
          zone: worker.tags.zone ?? null,
          cpu_mhz: worker.cpuMhz,
          memory_mb: worker.memoryMb,
          position: worker.position,
          labels: worker.labels,
          tags: worker.tags,
        })),
      );
    } else {
      const columns = [
        "worker ip",
        "zone",
        { name: "cpu (mhz)", numeric: true },
        { name: "memory (mb)", numeric: true },
        { name: "position", numeric: true, leave: 1 },
        { name: "labels", least: 12 },
      ] as const;
      this.printTable(
        columns,
        workers.map((worker) => [
          worker.host,
          worker.tags.zone ?? "",
          plainDecimal(worker.cpuMhz),
          plainDecimal(worker.memoryMb),
          worker.position,
          worker.labels.join(" "),
        ]),
      );
    }
    return 0;
  }
}
