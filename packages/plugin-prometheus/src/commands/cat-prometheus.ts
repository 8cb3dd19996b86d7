import { Command, listOf, Option } from "@maand/command";
import { refuseUnknown, type Store } from "@maand/core/readonly";
import { isServer, sourcesOf } from "../sources.ts";
import { StoredCommand } from "./stored.ts";

/** `maand cat prometheus`. */
export class CatPrometheusCommand extends StoredCommand {
  static override paths = [["cat", "prometheus"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "list the files of each job for Prometheus",
    examples: [
      ["All jobs", "maand cat prometheus"],
      ["The rules of one job", "maand cat prometheus get api alerts"],
    ],
  });

  jobs = Option.Array("--jobs", [], { description: "Only these jobs, comma-separated." });

  override show(store: Store): number {
    const all = store.catalog.read().jobs;
    const names = all.map(({ name }) => name);
    const wanted = listOf(this.jobs);
    refuseUnknown("job", "--jobs", wanted, names);
    const rows = all
      .map((job) => {
        const { scrape, rules, runbooks, dashboards } = sourcesOf(job);
        return {
          job: job.name,
          server: isServer(job),
          scrape: scrape.length > 0,
          alerts: rules.length,
          runbooks: runbooks.length,
          dashboards: dashboards.length,
        };
      })
      .filter(({ job }) => wanted.length === 0 || wanted.includes(job))
      .filter(
        ({ server, scrape, alerts, runbooks, dashboards }) => server || scrape || alerts + runbooks + dashboards > 0,
      );
    if (this.json) this.printJson(rows);
    else
      this.printTable(
        COLUMNS,
        rows.map(({ server, scrape, ...row }) => [
          row.job,
          yes(server),
          yes(scrape),
          row.alerts,
          row.runbooks,
          row.dashboards,
        ]),
      );
    return 0;
  }
}

const COLUMNS = [
  "job",
  "server",
  { name: "scrape", leave: 4 },
  { name: "alerts", numeric: true, leave: 3 },
  { name: "runbooks", numeric: true, leave: 2 },
  { name: "dashboards", numeric: true, leave: 1 },
] as const;

function yes(value: boolean): string {
  return value ? "yes" : "-";
}
