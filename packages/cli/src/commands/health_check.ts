import { Command, listOf, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { type HealthReport, healthCheck } from "@maand/core/internal";

/** `maand health_check`. */
export class HealthCheckCommand extends EngineCommand {
  static override paths = [["health_check"], ["health-check"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "check the health of workers and jobs",
    examples: [
      ["Everything, once", "maand health_check"],
      ["Wait until one job is healthy", "maand health_check --jobs api --wait"],
    ],
  });

  jobs = Option.Array("--jobs", [], { description: "Only these jobs, comma-separated." });
  override wait = Option.Boolean("--wait", false, {
    description: "Retry until healthy; the manifest limits the attempts.",
  });
  verbose = Option.Boolean("--verbose", false, { description: "Show all checks, not only failed ones." });

  override async work(): Promise<number> {
    const report = await this.withEngine((bucket) => healthCheck(bucket, { jobs: listOf(this.jobs), wait: this.wait }));
    if (this.json) this.printJson(record(report));
    else for (const line of lines(report, this.verbose)) this.print(line);
    return isHealthy(report) ? 0 : 1;
  }
}

function isHealthy(report: HealthReport): boolean {
  return report.workers.every(({ ok }) => ok) && report.jobs.every(({ outcome }) => outcome !== "failed");
}

function lines(report: HealthReport, verbose: boolean): string[] {
  const workers = report.workers
    .filter(({ ok }) => !ok)
    .map(({ host, message }) => `worker health check failed: ${host}: ${message}`);
  const gate =
    report.workers.length === 0
      ? ["worker health check skipped: no workers"]
      : workers.length > 0
        ? workers
        : ["worker health check passed"];
  const jobs = report.jobs.flatMap(({ job, outcome, message, checks }) => [
    `health check ${outcome}: ${job}${outcome === "skipped" ? ` (${message})` : ""}`,
    ...checks
      .filter(({ ok }) => verbose || !ok)
      .map(
        ({ host, type, target, ok, message: output }) =>
          `  ${ok ? "ok" : "failed"} ${host} ${type} ${target}: ${output}`,
      ),
  ]);
  return [...gate, ...jobs];
}

function record(report: HealthReport) {
  return {
    workers: report.workers.map(({ host, ok, message }) => ({ worker_ip: host, ok, message })),
    jobs: report.jobs.map(({ job, outcome, checks }) => ({
      job,
      outcome,
      checks: checks.map(({ host, type, target, ok, message }) => ({ worker_ip: host, type, target, ok, message })),
    })),
  };
}
