import { Command } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { type Initialised, initBucket, prepareBucket } from "@maand/core/internal";

/** `maand init`. */
export class InitCommand extends EngineCommand {
  static override paths = [["init"]];
  static override usage = Command.Usage({
    category: "Bucket",
    description: "create a bucket here, or update the existing one",
    details:
      "Creates maand.conf, workspace/ with an empty workers.json, and the private directories data/, secrets/ and logs/. For editors, creates schemas in workspace/.schemas/, and .vscode/settings.json if it does not exist. Overwrites no existing file except the schemas.",
    examples: [
      ["Create a bucket in this directory", "maand init"],
      ["In another directory", "maand init -C /srv/bucket"],
    ],
  });

  override async work(): Promise<number> {
    const made = initBucket(this.from);
    const written = await this.withEngine((bucket) => prepareBucket(bucket, made));
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
  "  1. List the workers in workspace/workers.json. To try maand, use a directory on this machine:",
  '       [{ "host": "127.0.0.11", "transport": "local" }]',
  '     A machine over ssh: [{ "host": "10.0.0.1" }]',
  "     Set its user in maand.conf and put the private key into secrets/worker.key",
  "  2. Create a job. This one works without changes:",
  "       maand job create api --selectors worker",
  "  3. Check the workspace and deploy:",
  "       maand build && maand deploy",
  "",
  "maand.conf lists every setting with its default.",
  "Editors use workspace/.schemas/ to complete and check these files.",
];
