import { Command, listOf, Option, plural } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { adopt } from "../drift/adopt.ts";

/** `maand drift adopt`. */
export class DriftAdoptCommand extends EngineCommand {
  static override paths = [["drift", "adopt"]];
  static override usage = Command.Usage({
    category: "Look",
    description: "take a file that was changed on a worker into the workspace",
    details:
      "Copies the file byte for byte. Only the workspace changes; maand deploy --build rolls it out to all workers. Refuses templates, files that plugins make, files with secrets, and a file of the workspace that was edited since it was promoted, unless --force is added.",
    examples: [
      ["Of the only worker where it differs", "maand drift adopt api conf/app.conf"],
      ["Of a certain worker", "maand drift adopt api conf/app.conf --worker 10.0.0.1"],
    ],
  });

  job = Option.String({ required: true, name: "job" });
  file = Option.String({ required: true, name: "file" });
  worker = Option.String("--worker", { description: "The worker to take it from: its host or hostname." });
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
