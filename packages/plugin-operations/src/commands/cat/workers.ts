import { type Column, Command } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import { type LeftBehind, plainDecimal, type Store } from "@maand/core/readonly";

/** `maand cat workers`. */
export class WorkersCommand extends StoredCommand {
  static override paths = [["cat", "workers"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "list the workers of the catalog",
    examples: [
      ["All of them", "maand cat workers"],
      ["With ids and tags", "maand cat workers --json"],
    ],
  });

  override show(store: Store): number {
    const { workers } = store.catalog.read();
    const inMaintenance = store.maintenance.hosts();
    const behind = store.leftBehind.all();
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
          maintenance: inMaintenance.has(worker.host),
          left_behind: leftBehindRecord(behind.get(worker.host)),
        })),
      );
    } else {
      const columns: readonly Column[] = [
        "worker ip",
        { name: "zone", dropOrder: 4 },
        { name: "cpu (mhz)", numeric: true, dropOrder: 2 },
        { name: "memory (mb)", numeric: true, dropOrder: 3 },
        { name: "position", numeric: true, dropOrder: 1 },
        { name: "labels", minWidth: 12 },
        ...(inMaintenance.size > 0 ? ["state"] : []),
        ...(behind.size > 0 ? (["left behind since"] as const) : []),
      ];
      this.printTable(
        columns,
        workers.map((worker) => [
          worker.host,
          worker.tags.zone ?? "",
          plainDecimal(worker.cpuMhz),
          plainDecimal(worker.memoryMb),
          worker.position,
          worker.labels.join(" "),
          ...(inMaintenance.size > 0 ? [inMaintenance.has(worker.host) ? "maintenance" : ""] : []),
          ...(behind.size > 0 ? [behind.get(worker.host)?.since.slice(0, 16).replace("T", " ") ?? ""] : []),
        ]),
      );
    }
    return 0;
  }
}

function leftBehindRecord(found: LeftBehind | undefined) {
  if (!found) return null;
  const { since, lastAt, reason, times } = found;
  return { since, last_at: lastAt, reason, times };
}
