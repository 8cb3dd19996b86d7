import { MaandCommand } from "@maand/command";
import { type Initialised, initBucket, prepareBucket } from "@maand/core";
import { Command } from "clipanion";

/** `maand init`. */
export class InitCommand extends MaandCommand {
  static override paths = [["init"]];
  static override usage = Command.Usage({
    category: "Bucket",
    description: "make a bucket here, or bring the one here up to date",
    details:
      "Writes maand.conf, workspace/ with an empty workers.json, and the private directories data/, secrets/ and logs/. For editors it writes schemas below workspace/.schemas/, and .vscode/settings.json if there is none. Nothing that is there is overwritten but the schemas, which are made anew by every maand init.",
    examples: [["Make a bucket in this directory", "maand init"]],
  });

  override async work(): Promise<number> {
    const made = initBucket(this.from);
    const written = await this.withBucket((bucket) => prepareBucket(bucket, made));
    if (this.json) this.printJson({ bucket_id: made.bucketId, created: made.created });
    else
      this.print(
        this.quiet ? headline(made) : [headline(made), ...(made.created ? NEXT : written.map(news))].join("\n"),
      );
    return 0;
  }
}

function headline({ created }: Initialised): string {
  return created ? "maand bucket initialized" : "maand bucket is up to date";
}

function news(file: string): string {
  return `  wrote ${file}`;
}

const NEXT = [
  "",
  "Next:",
  "  1. Name the workers in workspace/workers.json. For a try, a directory of this machine will do:",
  '       [{ "host": "127.0.0.11", "transport": "local" }]',
  '     A machine reached by ssh: [{ "host": "10.0.0.1" }]',
  "     Its user stands in maand.conf, the private key is secrets/worker.key",
  "  2. Write a job. This one can be deployed as it is:",
  "       maand job create api --selectors worker",
  "  3. Check it all, and deploy:",
  "       maand build && maand deploy",
  "",
  "maand.conf lists every setting with its default.",
  "Editors complete and check these files by workspace/.schemas/.",
];
