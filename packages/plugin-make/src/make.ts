import type { ActionContext, Done, PreflightContext, TargetContext } from "@maand/core";
import { definePlugin, type Plugin } from "@maand/core";
import { bringFiles } from "./bring.ts";
import { runTarget } from "./run-target.ts";
import { workerFiles } from "./runner.ts";
import { Runners } from "./runners.ts";
import { validateMakefiles } from "./validate.ts";

export interface MakeOptions {
  /** The make program on the workers, default `make`; `gmake` where that is GNU's name. */
  readonly program?: string;
}

/**
 * Carries out an action with the job's own Makefile: target `start` for action `start`, and so on (seed
 * jobs-and-lifecycle). It stops an allocation that leaves, and leaves its removal to whoever brought the files.
 */
export function make({ program = "make" }: MakeOptions = {}): Plugin {
  const runners = new Runners(program);
  const target = (context: TargetContext): Promise<Done> => runTarget(context, context.target, runners);
  const act = async (context: ActionContext): Promise<Done | undefined> => {
    const { kind } = context.action;
    return kind === "remove" ? undefined : runTarget(context, kind, runners);
  };
  return definePlugin({
    name: "make",
    provides: { answers: ["reconcile", "rollout", "target"] },
    get workerFiles() {
      return workerFiles();
    },
    apply(hooks) {
      hooks.validate.tap("make", validateMakefiles);
      hooks.preflight.tap("make", (context) => needTools(context, program));
      hooks.stage.tapPromise({ name: "make", before: "rsync" }, (context) => bringFiles(context, runners));
      hooks.reconcile.tapPromise("make", act);
      hooks.rollout.tapPromise("make", act);
      hooks.target.tapPromise("make", target);
    },
  });
}

function needTools({ remote, needs }: PreflightContext, program: string): void {
  needs(program);
  if (remote.transport !== "local") needs("python3");
}
