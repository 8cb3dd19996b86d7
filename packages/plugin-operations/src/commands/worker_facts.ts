import { Command, listOf, Option, plural, printProblems } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { build } from "@maand/core/internal";
import { refreshAfterBuild } from "../editor/refresh.ts";
import { type WorkerFacts, workerFacts } from "../workers/worker-facts.ts";

/** `maand worker_facts`. */
export class WorkerFactsCommand extends EngineCommand {
  static override paths = [["worker_facts"], ["worker-facts"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "read the memory and CPU of workers and write them to workers.json",
    details: "Needs no build. If a worker fails, writes nothing. Keeps unknown keys in workers.json.",
    examples: [
      ["Show what would be written", "maand worker_facts --dry-run"],
      ["Ten at a time, then build", "maand worker_facts --concurrency 10 --build"],
    ],
  });

  workers = Option.Array("-w,--workers", [], { description: "Only these workers: hosts, hostnames, label:x, zone:x." });
  labels = Option.Array("-l,--labels", [], { description: "Only workers with any of these labels." });
  concurrency = Option.String("-c,--concurrency", "1", { description: "Number of workers in parallel; default 1." });
  dryRun = Option.Boolean("--dry-run", false, { description: "Show what would be written without writing it." });
  build = Option.Boolean("--build", false, { description: "Run a build afterwards." });

  override async work(): Promise<number> {
    const options = {
      workers: listOf(this.workers),
      labels: listOf(this.labels),
      concurrency: Number(this.concurrency),
      dryRun: this.dryRun,
    };
    return this.withEngine(async (bucket) => {
      const facts = await workerFacts(bucket, options);
      if (this.json) this.printJson(facts.map(record));
      else for (const line of lines(facts, this.dryRun)) this.print(line);
      if (!this.build || this.dryRun) return 0;
      const built = await build(bucket);
      printProblems(built.problems, this.context.stderr, this.style("stderr"));
      await refreshAfterBuild(bucket, this);
      return 0;
    });
  }
}

function record({ host, memoryMb, cpuMhz, changed }: WorkerFacts) {
  return { worker_ip: host, memory_mb: memoryMb, cpu_mhz: cpuMhz, changed };
}

function lines(facts: readonly WorkerFacts[], dryRun: boolean): string[] {
  const changed = facts.filter((one) => one.changed);
  if (changed.length === 0) return ["workers.json is already up to date"];
  return [
    ...changed.map(
      ({ host, memoryMb, cpuMhz, before }) =>
        `${dryRun ? "would update" : "update"} ${host} memory "${before.memoryMb} mb" -> "${memoryMb} mb" cpu "${before.cpuMhz} mhz" -> "${cpuMhz} mhz"`,
    ),
    dryRun ? "dry run: workers.json not modified" : `updated ${plural(changed.length, "worker")} in workers.json`,
  ];
}
