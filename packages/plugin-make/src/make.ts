import type { PreflightContext } from "@maand/core";
import { definePlugin, lifecycle, type Plugin } from "@maand/core";
import { checkMakefiles } from "./makefile-problems.ts";
import { offerRecord } from "./runner/read-record.ts";
import { RunnerPool } from "./runner/runner-pool.ts";
import { workerFiles } from "./runner-program.ts";
import { stageSmallTrees } from "./stage/stage-small-trees.ts";
import { patienceOf, runOnWorker } from "./target/run-on-worker.ts";
import { runOnce } from "./target/run-once.ts";
import { runTarget } from "./target/run-target.ts";

export interface MakeOptions {
  /** The make program on the workers, default `make`; use `gmake` where that is the name of GNU make. */
  readonly program?: string;
}

/**
 * Carries out an action with the job's own Makefile: target `start` for action `start`, and so on. It stops removed
 * allocations; their files are deleted by the plugin that copied them.
 */
export function make({ program = "make" }: MakeOptions = {}): Plugin {
  const runners = new RunnerPool(program);
  const run = lifecycle({ name: "make", other: (context, target) => runTarget(context, target, runners) });
  return definePlugin({
    name: "make",
    provides: { answers: ["inspect", "inventory", "reconcile", "rollout", "runOnWorker", "runOnce", "target"] },
    get workerFiles() {
      return workerFiles();
    },
    apply(hooks) {
      hooks.validate.tap("make", checkMakefiles);
      hooks.preflight.tap("make", (context) => {
        needTools(context, program);
        offerRecord(context, runners);
      });
      hooks.inventory.tapPromise("make", async (context) => {
        const { listFiles } = await import("./inventory/list-files.ts"); // only for imports
        return listFiles(context, runners);
      });
      hooks.inspect.tapPromise("make", async (context) => {
        const { inspectWorker } = await import("./inspect/inspect-worker.ts"); // only for drift
        return inspectWorker(context);
      });
      hooks.stage.tapPromise({ name: "make", before: "rsync" }, (context) => stageSmallTrees(context, runners));
      hooks.runOnce.tapPromise("make", (context) => runOnce(context, runners));
      hooks.runOnWorker.tapPromise({ name: "make", limitMs: patienceOf }, (context) => runOnWorker(context, runners));
      run(hooks);
    },
  });
}

function needTools({ needs }: PreflightContext, program: string): void {
  needs(program);
  needs("python3");
}
