import type { Plugin } from "@maand/core";
import { deleteJobFiles } from "@maand/core/toolbox";
import type { RsyncOptions } from "./arguments.ts";

export type { RsyncOptions };

/**
 * Syncs jobs' files to workers with rsync, over the connection that maand already has open: one login, one host key
 * check.
 */
export function rsync(options: RsyncOptions = {}): Plugin {
  return {
    name: "rsync",
    provides: { answers: ["stage"] },
    apply({ examine, preflight, stage, reconcile }) {
      examine.tap("rsync", ({ workers, settings, needs }) => {
        if (workers.some(({ transport }) => (transport ?? settings.transport) !== "local"))
          needs(options.program ?? "rsync");
      });
      preflight.tap("rsync", ({ remote, needs }) => {
        if (remote.transport !== "local") needs("rsync");
      });
      stage.tapPromise("rsync", async (context) => {
        if (context.remote.transport === "local") return undefined;
        const { stageWorker } = await import("./stage.ts"); // loaded here because most commands sync nothing
        await stageWorker(context, options);
        return "done";
      });
      reconcile.tapPromise("rsync", async ({ action, remote, directory, timeoutMs, signal }) => {
        if (remote.transport === "local" || action.kind !== "remove") return undefined;
        await deleteJobFiles({ remote, directory, timeoutMs, signal });
        return "done";
      });
    },
  };
}
