import { Command, EXIT, Option } from "@maand/command";
import { type BucketPaths, loadUnbuilt, type Store } from "@maand/core/readonly";
import { statusLines } from "../output/status-lines.ts";
import { bucketStatus } from "../status/bucket-status.ts";
import { StoredCommand } from "./stored-command.ts";

/** `maand status`. */
export class StatusCommand extends StoredCommand {
  static override paths = [["status"]];
  static override usage = Command.Usage({
    category: "Look",
    description: "show what is pending, in doubt, unhealthy, drained and left behind",
    details:
      "Reads only what is recorded: it contacts no worker. Left behind are workers that deploys could not reach, until one has brought them up to date. maand drift also looks at the workers.",
    examples: [
      ["Show it", "maand status"],
      ["For scripts: exit with 4 if anything is pending", "maand status --exit-code"],
      ["Metrics for Prometheus", "maand status --prometheus /var/lib/prometheus/node-exporter/maand.prom"],
    ],
  });

  exitCode = Option.Boolean("--exit-code", false, { description: "Exit with 4 if changes are pending." });
  prometheus = Option.String("--prometheus", { description: "Also write metrics to this file, for node_exporter." });

  override async show(store: Store, paths: BucketPaths): Promise<number> {
    const { unbuiltParts } = await loadUnbuilt();
    this.warnOfUnbuilt(unbuiltParts({ store, paths }));
    const now = this.context.now();
    const status = bucketStatus(store);
    if (this.prometheus !== undefined) {
      const { statusMetrics } = await import("../metrics/status-metrics.ts");
      const { writeMetrics } = await import("../metrics/write-metrics.ts");
      writeMetrics(this.from, this.prometheus, statusMetrics(store, status, now));
    }
    if (this.json) this.printJson(record(status));
    else for (const line of statusLines(status, now, this.style("stdout"))) this.print(line);
    return this.exitCode && status.pending.length > 0 ? EXIT.pending : EXIT.ok;
  }
}

function record({
  workers,
  jobs,
  leftBehind,
  pending,
  inDoubt,
  unhealthy,
  drained,
  lastRun,
}: ReturnType<typeof bucketStatus>) {
  const units = (rows: typeof pending) => rows.map(({ job, host, state }) => ({ job, worker_ip: host, state }));
  return {
    workers,
    jobs,
    left_behind: leftBehind.map(({ host, since, lastAt, reason, times }) => ({
      worker_ip: host,
      since,
      last_at: lastAt,
      reason,
      times,
    })),
    pending: units(pending),
    in_doubt: units(inDoubt),
    unhealthy: units(unhealthy),
    drained,
    last_run: lastRun ? { command: lastRun.command, outcome: lastRun.outcome, started_at: lastRun.startedAt } : null,
  };
}
