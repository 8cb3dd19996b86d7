import type { Plugin } from "@maand/core";

/** Options of {@link rsync}. */
export interface RsyncOptions {
  /** Compress on the way; default false: configuration is small, and workers are mostly near. */
  readonly compress?: boolean;
  /** The rsync of this machine; default `rsync`. */
  readonly program?: string;
}

/** Brings jobs' files to workers with rsync, through the connection maand already holds (decision 12). */
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
        const { stageWorker } = await import("./stage.ts"); // most commands sync nothing
        await stageWorker(context, options);
        return "done";
      });
      reconcile.tapPromise("rsync", async (context) => {
        if (context.remote.transport === "local" || context.action.kind !== "remove") return undefined;
        const { removeJob } = await import("./remove.ts");
        await removeJob(context);
        return "done";
      });
    },
  };
}
