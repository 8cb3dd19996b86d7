import { Command, EXIT, listOf, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { typedWorkers } from "@maand/core/readonly";
import { type DriftReport, drift } from "../drift/drift.ts";
import { driftLines } from "../output/drift-lines.ts";
import { driftRecord } from "../output/drift-record.ts";

/** `maand drift`. */
export class DriftCommand extends EngineCommand {
  static override paths = [["drift"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "compare the desired state, the promoted state and the state of the workers",
    details:
      "Lists files that were changed, deleted or added on workers since they were deployed, and what a deploy would change. Changes nothing and takes no lock. Ignores files in data/, logs/ and bin/, and files listed under keep in a manifest, because they belong to the job. With --exit-code, exits with 7 if a worker differs from its promoted state, otherwise with 4 if changes are pending. Exits with 1 if it could not inspect a worker.",
    examples: [
      ["Compare everything", "maand drift"],
      ["Show what was changed in each file", "maand drift --jobs api --diff"],
      ["Also check whether everything is running", "maand drift --status"],
      ["For a nightly check", "maand drift --exit-code --quiet"],
      ["Metrics for Prometheus", "maand drift --prometheus /var/lib/prometheus/node-exporter/maand_drift.prom"],
      ["Repair the differences", "maand deploy --verify"],
    ],
  });

  jobs = Option.Array("--jobs", [], { description: "Only these jobs, comma-separated." });
  workers = Option.Array("-w,--workers", [], { description: "Only these workers: hosts, hostnames, label:x, zone:x." });
  labels = Option.Array("-l,--labels", [], { description: "Only workers with any of these labels." });
  diff = Option.Boolean("--diff", false, { description: "Show the changes in each file, with secrets masked." });
  status = Option.Boolean("--status", false, {
    description: "Also run make status of every job that should be running.",
  });
  exitCode = Option.Boolean("--exit-code", false, {
    description: "Exit with 7 if a worker differs, otherwise with 4 if changes are pending.",
  });
  prometheus = Option.String("--prometheus", { description: "Also write metrics to this file, for node_exporter." });

  override async work(): Promise<number> {
    const workers = typedWorkers({ workers: listOf(this.workers), labels: listOf(this.labels) });
    const { diff, status } = this;
    const report = await this.withEngine(
      (bucket) => drift(bucket, { jobs: listOf(this.jobs), workers, diff, status }),
      () => {}, // the report at the end contains everything
    );
    if (this.prometheus !== undefined) await this.writeMetrics(this.prometheus, report);
    if (this.json) this.printJson(driftRecord(report));
    else for (const line of driftLines(report, this.style("stdout"), this.quiet)) this.print(line);
    return this.exitOf(report);
  }

  async writeMetrics(file: string, report: DriftReport): Promise<void> {
    const { driftMetrics } = await import("../metrics/drift-metrics.ts");
    const { writeMetrics } = await import("../metrics/write-metrics.ts");
    writeMetrics(this.from, file, driftMetrics(report, this.context.now()));
  }

  exitOf({ isDrifted, isIncomplete, pending }: DriftReport): number {
    if (isIncomplete) return EXIT.failed;
    if (!this.exitCode) return EXIT.ok;
    if (isDrifted) return EXIT.drifted;
    return pending.length > 0 ? EXIT.pending : EXIT.ok;
  }
}
