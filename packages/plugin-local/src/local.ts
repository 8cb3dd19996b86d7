import { definePlugin, type Plugin } from "@maand/core";
import { LOCAL, localRoot } from "./locate.ts";

/**
 * Workers that are directories on this machine (decision 30): `"transport": "local"` on a worker, or in `maand.conf`
 * for all. Commands run here, as the user who runs maand; neither ssh nor rsync is needed.
 */
export function local(): Plugin {
  return definePlugin({
    name: "local",
    provides: { answers: ["connect", "stage"], transports: ["local"] },
    apply(hooks) {
      // the rest is loaded when it is needed: most commands touch no worker
      hooks.connect.tapPromise("local", async (context) => {
        if (localRoot(context) === undefined) return undefined;
        return (await import("./connect.ts")).connectLocal(context);
      });
      hooks.locate.tap("local", localRoot);
      hooks.stage.tapPromise("local", async (context) => {
        if (context.remote.transport !== LOCAL) return undefined;
        const { stageLocal } = await import("./stage.ts");
        await stageLocal(context);
        return "done";
      });
      hooks.reconcile.tapPromise("local", async ({ action, remote, directory }) => {
        if (action.kind !== "remove" || remote.transport !== LOCAL) return undefined;
        const { removeJob } = await import("./remove.ts");
        await removeJob(remote.host, directory);
        return "done";
      });
    },
  });
}
