import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { Command, listOf, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { error } from "@maand/core";
import { findBucket, problemsError, schemaFile } from "@maand/core/internal";
import { writeEditorFiles } from "../editor/editor-files.ts";
import { type AddedCommand, createCommand } from "../scaffold/add-command.ts";
import { createJob } from "../scaffold/scaffold.ts";

/** `maand job create`. */
export class JobCreateCommand extends EngineCommand {
  static override paths = [["job", "create"]];
  static override usage = Command.Usage({
    category: "Job",
    description: "create a job with manifest and Makefile, or add a command to a job",
    examples: [
      ["A job for every worker", "maand job create myservice --selectors worker"],
      [
        "A script before each deploy, for a new or existing job",
        "maand job create myservice --command command_lead --on pre_deploy",
      ],
    ],
  });

  job = Option.String({ required: true, name: "job" });
  selectors = Option.Array("-s,--selectors", [], { description: "Labels that a worker must have, comma-separated." });
  command = Option.String("--command", {
    description: "Also create this command; for an existing job, create only the command.",
  });
  on = Option.Array("--on", [], { description: "Events that run the command, comma-separated." });
  once = Option.Boolean("--once", false, {
    description: "Run the command once for the job, not for each allocation.",
  });
  language = Option.String("--lang", { description: "Language of the command, py or ts; default: py." });

  override async work(): Promise<number> {
    const { root, workspace } = findBucket(this.from);
    if (!existsSync(join(root, schemaFile("manifest"))))
      await this.withEngine(async ({ plugins }) => writeEditorFiles(root, plugins));
    if (this.command === undefined) this.refuseStrayFlags();
    const added = this.command === undefined ? undefined : await this.begin(workspace, this.command);
    const directory = added?.directory ?? createJob(workspace, this.job, listOf(this.selectors));
    this.printNextSteps(relative(root, directory), added);
    return 0;
  }

  begin(workspace: string, name: string): Promise<AddedCommand> {
    const options = { name, events: listOf(this.on), language: this.language ?? "py", once: this.once };
    return createCommand(workspace, this.job, listOf(this.selectors), options);
  }

  refuseStrayFlags(): void {
    const stray = [
      ...(this.on.length > 0 ? ["--on"] : []),
      ...(this.once ? ["--once"] : []),
      ...(this.language === undefined ? [] : ["--lang"]),
    ];
    const problems = stray.map((flag) =>
      error("invalid_command", flag, "needs --command", "name the command with --command"),
    );
    if (problems.length > 0) throw problemsError(problems);
  }

  printNextSteps(directory: string, added: AddedCommand | undefined): void {
    const script = added ? join(directory, added.script) : null;
    if (this.json) this.printJson({ job: this.job, directory, command: this.command ?? null, script });
    if (this.json) return;
    if (added) this.print(`wrote ${script} and its entry in ${directory}/manifest.json`);
    if (added && !added.newJob) this.print("  next: edit the script, then run maand build to check it");
    else
      this.print(
        `wrote ${directory}/manifest.json and ${directory}/Makefile\n  next: run maand deploy --build (the files work without changes), then edit them for your job`,
      );
  }
}
