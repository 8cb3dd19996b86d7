import { initBucket } from "@maand/core";
import { Command } from "clipanion";
import { MaandCommand } from "./command.ts";

/** `maand init` (build.md 2). */
export class InitCommand extends MaandCommand {
  static override paths = [["init"]];
  static override usage = Command.Usage({
    category: "Bucket",
    description: "make a bucket here, or bring the one here up to date",
    details:
      "Writes maand.conf, workspace/ with an empty workers.json, and the private directories data/, secrets/ and logs/. Nothing that is there is overwritten.",
    examples: [["Make a bucket in this directory", "maand init"]],
  });

  override async work(): Promise<number> {
    const { bucketId, created } = initBucket(this.from);
    if (this.json) this.sayJson({ bucket_id: bucketId, created });
    else
      this.say(
        created
          ? `maand bucket initialized\n  next: maand job create api --selectors worker, and your workers in workspace/workers.json`
          : "maand bucket is up to date",
      );
    return 0;
  }
}
