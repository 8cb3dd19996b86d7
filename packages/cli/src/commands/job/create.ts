import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { createJob, findBucket, schemaFile, writeEditorFiles } from "@maand/core";
import { Command, Option } from "clipanion";
import { listOf, MaandCommand } from "../command.ts";

/** `maand job create` (deploy.md 3.4). */
export class JobCreateCommand extends MaandCommand {
  static override paths = [["job", "create"]];
  static override usage = Command.Usage({
    category: "Job",
    description: "write a new job's directory with a manifest and a Makefile",
    examples: [["A job for every worker", "maand job create myservice --selectors worker"]],
  });

  job = Option.String({ required: true, name: "job" });
  selectors = Option.Array("-s,--selectors", [], { description: "Labels a worker must have, comma-separated." });

  override async work(): Promise<number> {
    const { root, workspace } = findBucket(this.from);
    if (!existsSync(join(root, schemaFile("manifest"))))
      await this.withMaand(async ({ plugins }) => writeEditorFiles(root, plugins));
    const directory = relative(root, createJob(workspace, this.job, listOf(this.selectors)));
    if (this.json) this.sayJson({ job: this.job, directory });
    else
      this.say(
        `wrote ${directory}/manifest.json and ${directory}/Makefile\n  next: maand build and maand deploy, it runs as it is; then write what the job needs into both files`,
      );
    return 0;
  }
}
