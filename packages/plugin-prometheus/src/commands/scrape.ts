import { Command, listOf, Option } from "@maand/command";
import { NAMESPACE } from "@maand/core/internal";
import { MaandError, refuseUnknown, type Store } from "@maand/core/readonly";
import { expandedOf, scrapeJobsOf } from "../published.ts";
import { StoredCommand } from "./stored.ts";

/** `maand cat prometheus scrape`. */
export class ScrapePrometheusCommand extends StoredCommand {
  static override paths = [["cat", "prometheus", "scrape"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "print the scrape configurations as Prometheus receives them",
    details:
      "Replaces placeholders with the active workers of the last build. Does not print configurations with secrets. With --json, prints a list of jobs with their YAML.",
    examples: [
      ["All jobs", "maand cat prometheus scrape"],
      ["One job", "maand cat prometheus scrape --jobs api"],
    ],
  });

  jobs = Option.Array("--jobs", [], { description: "Only these jobs, comma-separated." });

  override show(store: Store): number {
    const known = store.catalog.read().jobs.map(({ name }) => name);
    const wanted = listOf(this.jobs);
    refuseUnknown("job", "--jobs", wanted, known);
    const kv = { find: (namespace: string, key: string) => storedValue(store, namespace, key) };
    const jobs = scrapeJobsOf(kv).filter((job) => wanted.length === 0 || wanted.includes(job));
    const lists = jobs.map((job) => ({ job, yaml: expandedOf(kv, job, "") ?? null }));
    if (this.json) this.printJson(lists);
    else if (lists.length === 0) throw nothing();
    else for (const { job, yaml } of lists) this.context.stdout.write(yaml ?? `# ${job}: [encrypted]\n`);
    return 0;
  }
}

function storedValue(store: Store, namespace: string, key: string): string | undefined {
  if (namespace !== NAMESPACE.prometheus) return undefined;
  const entry = store.kv.namespace(namespace).find((one) => one.key === key);
  return entry && !entry.deleted ? entry.value : undefined;
}

function nothing(): MaandError {
  return new MaandError({
    code: "NOT_FOUND",
    message: "no job has a scrape configuration for Prometheus",
    hint: "add _prometheus/scrape.yaml to a job and prometheus.yml.tpl to the server job, then run maand build",
  });
}
