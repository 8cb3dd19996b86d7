import { basename } from "node:path";
import { Command, EXIT, Option } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import { type BucketPaths, findBucket, loadUnbuilt, MaandError, openStore, type Store } from "@maand/core/readonly";
import { statusLines } from "../output/status-lines.ts";
import { statusRecord } from "../output/status-record.ts";
import { type BucketStatus, bucketStatus } from "../status/bucket-status.ts";

/** The interval of `--watch`, in seconds. */
const EVERY = "2";

/** `maand status`. */
export class StatusCommand extends StoredCommand {
  static override paths = [["status"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "show what needs attention, with the next commands, and the jobs",
    details:
      "Shows on one screen what is pending, in doubt, unhealthy, left behind, drifted, held, paused, drained or in maintenance, whether the workspace is newer than the build, certificates that expire soon, the last run, and the command that holds the lock. Reads only the recorded state and contacts no worker; maand drift also inspects the workers. In a bucket, maand without a command does the same.",
    examples: [
      ["Show the status", "maand status"],
      ["Update the screen every 2 seconds until Ctrl-C", "maand status --watch"],
      ["For scripts: exit with 4 if anything is pending", "maand status --exit-code"],
      ["Metrics for Prometheus", "maand status --prometheus /var/lib/prometheus/node-exporter/maand.prom"],
    ],
  });

  watch = Option.String("--watch", {
    tolerateBoolean: true,
    description: "Update every 2 seconds, or --watch=SECONDS, until Ctrl-C.",
  });
  exitCode = Option.Boolean("--exit-code", false, { description: "Exit with 4 if changes are pending." });
  prometheus = Option.String("--prometheus", { description: "Also write metrics to this file, for node_exporter." });

  override work(): Promise<number> {
    return this.watch === undefined ? super.work() : this.watching(this.seconds(this.watch));
  }

  override async show(store: Store, paths: BucketPaths): Promise<number> {
    const now = this.context.now();
    const status = await this.read(store, paths, now);
    if (this.prometheus !== undefined) {
      const { statusMetrics } = await import("../metrics/status-metrics.ts");
      const { writeMetrics } = await import("../metrics/write-metrics.ts");
      writeMetrics(this.from, this.prometheus, statusMetrics(store, status, now));
    }
    const { isTTY, columns, rows } = this.context.stdout;
    if (this.json) this.printJson(statusRecord(status, now));
    else
      for (const line of this.lines(status, paths, {
        columns: isTTY ? columns : undefined,
        rows: isTTY ? rows : undefined,
      }))
        this.print(line);
    return this.exitCode && status.pending.length > 0 ? EXIT.pending : EXIT.ok;
  }

  /**
   * Shows the status until Ctrl-C, which is its normal end. Opens the store again for each update, like other
   * commands.
   */
  async watching(seconds: number): Promise<number> {
    const paths = findBucket(this.from);
    const { watch } = await import("../status/watch.ts");
    await watch({
      context: this.context,
      everyMs: seconds * 1000,
      frame: async (screen) => {
        const store = openStore(paths);
        try {
          const now = this.context.now();
          const status = await this.read(store, paths, now);
          return this.json ? [JSON.stringify(statusRecord(status, now))] : this.lines(status, paths, screen);
        } finally {
          store.close();
        }
      },
    });
    return EXIT.interrupted;
  }

  seconds(given: string | boolean): number {
    const seconds = Number(typeof given === "string" ? given : EVERY);
    const usage = (message: string, hint: string) => new MaandError({ code: "USAGE", message, hint });
    if (!(seconds >= 0.1 && seconds <= 3600))
      throw usage(`--watch takes seconds from 0.1 to 3600, not "${given}"`, "for example: --watch=5");
    if (this.exitCode || this.prometheus !== undefined)
      throw usage("--watch cannot be used with --exit-code and --prometheus", "leave one of them out");
    return seconds;
  }

  async read(store: Store, paths: BucketPaths, now: Date): Promise<BucketStatus> {
    const { unbuiltParts } = await loadUnbuilt();
    return bucketStatus(store, { now, unbuilt: unbuiltParts({ store, paths }) });
  }

  lines(
    status: BucketStatus,
    { root }: BucketPaths,
    screen: { readonly columns?: number | undefined; readonly rows?: number | undefined },
  ): string[] {
    return statusLines(status, {
      name: basename(root),
      now: this.context.now(),
      style: this.style("stdout"),
      ...screen,
    });
  }
}
