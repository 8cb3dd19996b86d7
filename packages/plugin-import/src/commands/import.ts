import { resolve } from "node:path";
import { Command, EXIT, MaandCommand, Option, printProblems } from "@maand/command";
import { importLines, importRecord } from "../import-report.ts";
import type { Imported } from "../imported.ts";

/** `maand import`. */
export class ImportCommand extends MaandCommand {
  static override paths = [["import"]];
  static override usage = Command.Usage({
    category: "Bucket",
    description: "take over a bucket of the earlier maand, written in Go",
    details:
      "Takes over ids, ports, versions, KV entries with their history, secrets, the CA and certificates, and records what runs on the workers as promoted. Restarts nothing: reads the files on every worker and compares them with the files that a deploy would render. Writes the new store next to the old store, checks it with a dry run, then replaces the old store, which it keeps as data/maand.go.db. To take over workers that are down, run maand import again later.",
    examples: [
      ["Show what would be taken over", "maand import /srv/bucket --dry-run"],
      ["Take over the bucket", "maand import /srv/bucket"],
      ["Also take over files that maand renders differently", "maand import /srv/bucket --accept"],
    ],
  });

  bucket = Option.String({ required: false, name: "bucket" });
  dryRun = Option.Boolean("-n,--dry-run", false, { description: "Show what would be taken over; change nothing." });
  accept = Option.Boolean("--accept", false, {
    description: "Also take over files that maand renders differently.",
  });

  override async work(): Promise<number> {
    const { importBucket } = await import("../import-bucket.ts");
    const read = await this.progress();
    const imported = await importBucket({
      from: resolve(this.from, this.bucket ?? "."),
      now: this.context.now,
      signal: this.context.signal,
      pid: this.context.pid,
      readers: [{ name: "output", apply: (hooks) => hooks.event.tap("output", read) }],
      ...(await this.context.program.loadOptions(this.config)),
      dryRun: this.dryRun,
      accept: this.accept,
    });
    printProblems(imported.problems, this.context.stderr, this.style("stderr"));
    if (this.json) this.printJson(importRecord(imported));
    else for (const line of importLines(imported, this.style("stdout"), this.quiet)) this.print(line);
    return exitOf(imported);
  }
}

function exitOf({ outcome, workers }: Imported): number {
  if (outcome === "refused") return EXIT.refused;
  return workers.some(({ later }) => later !== undefined) ? EXIT.failed : EXIT.ok;
}
