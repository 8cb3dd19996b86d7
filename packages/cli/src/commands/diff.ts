import { Command, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { releaseDiffLines } from "../output/deploy/diff.ts";
import { diffReleases } from "../releases/diff-releases.ts";

/** `maand diff`. */
export class DiffCommand extends EngineCommand {
  static override paths = [["diff"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "show the changes in a job's source files between two releases",
    details:
      "Compares the source files without rendering templates. Name a release by its number or version. Without a second release, compares with the release that the next deploy would roll out. Shows secrets of the job as dots.",
    examples: [
      ["Between two releases", "maand diff api r12 r14"],
      ["Since a version", "maand diff api 1.4.0"],
    ],
  });

  job = Option.String({ required: true, name: "job" });
  from_ = Option.String({ required: true, name: "from" });
  to = Option.String({ required: false, name: "to" });

  override async work(): Promise<number> {
    const diff = await this.withEngine((bucket) => diffReleases(bucket, this.job, { from: this.from_, to: this.to }));
    if (this.json) this.printJson(diff);
    else if (diff.files.length === 0) this.print(`${diff.job}: ${diff.from} and ${diff.to} have the same files`);
    else for (const line of releaseDiffLines(diff, this.style("stdout"))) this.print(line);
    return 0;
  }
}
