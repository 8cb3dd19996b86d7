import { Command, listOf, Option, plural } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { adopt } from "../drift/adopt.ts";

/** `maand drift adopt`. */
export class DriftAdoptCommand extends EngineCommand {
  static override paths = [["drift", "adopt"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "copy a file that was changed on a worker into the workspace",
    details:
      "Copies the file byte for byte. Changes only the workspace; maand deploy --build then rolls the file out to all workers. Refuses rendered templates, files that plugins create, and files with secrets. Without --force, also refuses a file that was edited in the workspace since it was promoted.",
    examples: [
      ["From the only worker where the file differs", "maand drift adopt api conf/app.conf"],
      ["From one worker", "maand drift adopt api conf/app.conf --worker 10.0.0.1"],
    ],
  });

  job = Option.String({ required: true, name: "job" });
  file = Option.String({ required: true, name: "file" });
  worker = Option.String("--worker", { description: "Copy the file from this worker: its host or hostname." });
  force = Option.Boolean("--force", false, { description: "Overwrite edits in the workspace." });

  override async work(): Promise<number> {
    const { job, file: path, force } = this;
    const adopted = await this.withEngine(
      (bucket) => adopt(bucket, { job, path, workers: listOf(this.worker), force }),
      () => {}, // the result contains everything
    );
    const { host, file, size } = adopted;
    if (this.json) this.printJson({ job, path, worker_ip: host, file, size });
    else {
      this.print(`${file} is now the file of ${host}, ${plural(size, "byte")}`);
      this.print(`  ${this.style("stdout").faint("next:")} maand deploy --build`);
    }
    return 0;
  }
}
