import { type Column, Command, Option } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import type { Store } from "@maand/core/readonly";
import { unitFilter } from "./filter.ts";

/** `maand cat allocations`. */
export class AllocationsCommand extends StoredCommand {
  static override paths = [["cat", "allocations"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "list the jobs on each worker",
    examples: [
      ["Of one job", "maand cat allocations --jobs api"],
      ["On the web servers", "maand cat allocations --workers label:web"],
    ],
  });

  jobs = Option.Array("--jobs", [], { description: "Only these jobs, comma-separated." });
  workers = Option.Array("--workers", [], { description: "Only these workers: hosts, hostnames, label:x, zone:x." });

  override show(store: Store): number {
    const catalog = store.catalog.read();
    const wanted = unitFilter(catalog, this);
    const zones = new Map(
      [...catalog.workers, ...catalog.removedWorkers].map((worker) => [worker.host, worker.tags.zone]),
    );
    const rows = catalog.allocations.filter(wanted);
    const inMaintenance = store.maintenance.hosts();
    const flag = (set: boolean) => (set ? 1 : 0);
    if (this.json) {
      this.printJson(
        rows.map(({ id, host, job, disabled, removed }) => ({
          alloc_id: id,
          worker_ip: host,
          zone: zones.get(host) ?? null,
          job,
          disabled: flag(disabled),
          removed: flag(removed),
          maintenance: flag(inMaintenance.has(host)),
        })),
      );
    } else {
      const columns: Column[] = [
        { name: "allocation_id", dropOrder: 1 },
        "worker_ip",
        { name: "zone", dropOrder: 2 },
        "job",
        { name: "disabled", numeric: true, dropOrder: 4 },
        { name: "removed", numeric: true, dropOrder: 3 },
        ...(inMaintenance.size > 0 ? [{ name: "maintenance", numeric: true, dropOrder: 5 } as const] : []),
      ];
      this.printTable(
        columns,
        rows.map(({ id, host, job, disabled, removed }) => [
          id,
          host,
          zones.get(host) ?? "",
          job,
          flag(disabled),
          flag(removed),
          ...(inMaintenance.size > 0 ? [flag(inMaintenance.has(host))] : []),
        ]),
        { at: 1, word: "worker", except: [0, 2] },
      );
    }
    return 0;
  }
}
