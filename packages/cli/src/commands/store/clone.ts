import { resolve } from "node:path";
import { Command, MaandCommand, Option } from "@maand/command";

/** `maand clone`. */
export class CloneCommand extends MaandCommand {
  static override paths = [["clone"]];
  static override usage = Command.Usage({
    category: "Bucket",
    description: "copy a bucket whose state is in PostgreSQL into a directory",
    details:
      "The directory may already contain workspace/ and maand.conf, for example from git. The command reads the state from the database. The database does not contain the keys in secrets/: get them from a colleague, or from the place where your team keeps them.",
    examples: [
      ["After git clone", "maand clone postgres://maand@db.example.com/maand --bucket 1f0c... shop"],
      ["Into the current directory", "maand clone postgres://maand@db.example.com/maand --bucket 1f0c... ."],
    ],
  });

  url = Option.String({ name: "url" });
  destination = Option.String({ name: "directory" });
  bucket = Option.String("--bucket", { required: true, description: "The id of the bucket, which maand info prints." });

  override async work(): Promise<number> {
    const { cloneBucket } = await import("@maand/core/internal");
    const cloned = cloneBucket(this.url, this.bucket, resolve(this.from, this.destination));
    if (this.json) this.printJson({ directory: cloned.root, bucket_id: cloned.bucketId, missing: cloned.missing });
    else if (!this.quiet) {
      this.print(`bucket ${cloned.bucketId} in ${cloned.root}`);
      for (const file of cloned.missing) this.print(`  missing: ${file}; copy it from where your team keeps it`);
    }
    return 0;
  }
}
