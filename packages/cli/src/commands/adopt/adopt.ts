import { Command, EXIT } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { type AdoptedWorker, adoptBucket } from "@maand/core/internal";

/** `maand adopt`. */
export class AdoptCommand extends EngineCommand {
  static override paths = [["adopt"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "make this copy of the bucket the one to deploy from",
    details:
      "After a bucket was copied, restored or moved to another disk, maand deploys nothing from it until you confirm that you deploy from this copy. No copy changes a worker that another copy changed last. This command confirms that you deploy from this copy. It reads from every worker which command last changed that worker, and takes over workers that another copy changed. It changes nothing on the workers. Then run maand deploy --verify to find and repair what the other copy changed. From then on, maand refuses the other copy.",
    examples: [
      ["After restoring a backup", "maand adopt"],
      ["The result for each worker, for a script", "maand adopt --json"],
    ],
  });

  override async work(): Promise<number> {
    const workers = await this.withEngine((bucket) => adoptBucket(bucket));
    if (this.json)
      this.printJson({ workers: workers.map(({ host, state, message }) => ({ worker_ip: host, state, message })) });
    else this.report(workers);
    return workers.some(({ state }) => state === "failed") ? EXIT.failed : EXIT.ok;
  }

  report(workers: readonly AdoptedWorker[]): void {
    for (const { host, state, message } of workers) {
      if (state === "taken") this.print(`${host}: taken over; last changed by ${message}`);
      if (state === "failed") this.context.stderr.write(`${host}: not taken over: ${message}\n`);
    }
    if (this.quiet) return;
    const taken = workers.some(({ state }) => state === "taken");
    const next = taken ? "; to repair what the other copy changed, run maand deploy --verify" : "";
    this.print(`adopt: this copy of the bucket is the one to deploy from${next}`);
  }
}
