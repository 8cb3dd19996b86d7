import { Command } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import { plainDecimal, type Store } from "@maand/core/readonly";

/** `maand cat jobs`. */
export class JobsCommand extends StoredCommand {
  static override paths = [["cat", "jobs"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "list the jobs of the catalog in deployment order",
    examples: [
      ["All of them", "maand cat jobs"],
      ["For a program", "maand cat jobs --json"],
    ],
  });

  override show(store: Store): number {
    const catalog = store.catalog.read();
    const jobs = [...catalog.jobs].sort((a, b) => a.deploymentSeq - b.deploymentSeq || (a.name < b.name ? -1 : 1));
    const disabled = (name: string) => {
      const placed = catalog.allocations.filter(({ job, removed }) => job === name && !removed);
      return placed.length > 0 && placed.every((allocation) => allocation.disabled);
    };
    if (this.json) {
      this.printJson(
        jobs.map((job) => ({
          job: job.name,
          version: job.version,
          disabled: disabled(job.name) ? 1 : 0,
          deployment_seq: job.deploymentSeq,
          selectors: job.selectors,
          memory_mb: job.memory.reserved,
          cpu_mhz: job.cpu.reserved,
          restart_policy: job.restartPolicy,
        })),
      );
    } else {
      const columns = [
        "job",
        "version",
        { name: "disabled", numeric: true, dropOrder: 5 },
        { name: "deployment_seq", numeric: true, dropOrder: 4 },
        { name: "cpu (mhz)", numeric: true, dropOrder: 2 },
        { name: "memory (mb)", numeric: true, dropOrder: 3 },
        { name: "policy", dropOrder: 1 },
        { name: "selectors", minWidth: 9, dropOrder: 6 },
      ] as const;
      this.printTable(
        columns,
        jobs.map((job) => [
          job.name,
          job.version,
          disabled(job.name) ? 1 : 0,
          job.deploymentSeq,
          plainDecimal(job.cpu.reserved),
          plainDecimal(job.memory.reserved),
          job.restartPolicy,
          job.selectors.join(" "),
        ]),
      );
    }
    return 0;
  }
}
