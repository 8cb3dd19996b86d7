import { definePlugin, type Plugin } from "@maand/core";
import { connectLocal, LOCAL, localRoot } from "./connect.ts";
import { removeJob } from "./remove.ts";
import { stageLocal } from "./stage.ts";

/**
 * Workers that are directories on this machine (decision 30): `"transport": "local"` on a worker, or in `maand.conf`
 * for all. Commands run here, as the user who runs maand; neither ssh nor rsync is needed.
 */
export function local(): Plugin {
  return definePlugin({
    name: "local",
    apply(hooks) {
      hooks.connect.tapPromise("local", connectLocal);
      hooks.locate.tap("local", localRoot);
      hooks.stage.tapPromise("local", async (context) => {
        if (context.remote.transport !== LOCAL) return undefined;
        await stageLocal(context);
        return "done";
      });
      hooks.reconcile.tapPromise("local", async ({ action, remote, directory }) => {
        if (action.kind !== "remove" || remote.transport !== LOCAL) return undefined;
        await removeJob(remote.host, directory);
        return "done";
      });
    },
  });
}
