import { Command, listOf, Option } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import { refuseUnknown, type Store } from "@maand/core/readonly";
import { passes } from "./filter.ts";

/** `maand cat job_ports`. */
export class JobPortsCommand extends StoredCommand {
  static override paths = [
    ["cat", "job_ports"],
    ["cat", "job-ports"],
  ];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "list the ports of jobs, including assigned ports",
    examples: [
      ["Of one job", "maand cat job_ports --jobs api"],
      ["For a program", "maand cat job_ports --json"],
    ],
  });

  jobs = Option.Array("--jobs", [], { description: "Only these jobs, comma-separated." });

  override show(store: Store): number {
    const catalog = store.catalog.read();
    const jobs = listOf(this.jobs);
    const known = catalog.jobs.map(({ name }) => name);
    refuseUnknown("job", "--jobs", jobs, known);
    const ports = catalog.jobs
      .filter(({ name }) => passes(jobs, name))
      .flatMap((job) =>
        Object.entries(job.ports)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, port]) => ({ job: job.name, name, port })),
      );
    if (this.json) this.printJson(ports);
    else {
      const columns = ["job", "name", { name: "port", numeric: true }] as const;
      const rows = ports.map(({ job, name, port }) => [job, name, port]);
      this.printTable(columns, rows);
    }
    return 0;
  }
}
