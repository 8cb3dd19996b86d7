import { pluginWithOptions } from "@maand/core";
import { SSH_SETTINGS } from "@maand/plugin-ssh";
import { connectBySsh } from "./connect.ts";
import { OpensshOptions } from "./options.ts";
import { removeJob } from "./remove.ts";
import { stageByTar } from "./stage.ts";

const OPENSSH = "openssh";

/**
 * Connects to workers with the system's ssh, over one master connection per worker, and syncs their files with tar.
 * Handles the transport `openssh`, and the transport `ssh` if no other plugin handles it.
 */
export const openssh = pluginWithOptions({
  name: "transport-openssh",
  options: OpensshOptions,
  settings: SSH_SETTINGS, // the same keys as the ssh plugin, which may be loaded as well
  apply({ connect, preflight, stage, reconcile }, chosen) {
    connect.tapPromise("transport-openssh", async (context) => {
      const transport = context.worker.transport ?? context.settings.transport;
      return [OPENSSH, "ssh"].includes(transport) ? connectBySsh(context, chosen) : undefined;
    });
    preflight.tap("transport-openssh", ({ remote, needs }) => {
      if (remote.transport !== OPENSSH) return;
      for (const tool of ["timeout", "tar", "find", "cmp", ...(remote.sudo ? ["sudo"] : [])]) needs(tool);
    });
    // before rsync, which would sync files to any worker
    const order = { name: "transport-openssh", before: "rsync" };
    stage.tapPromise(order, async (context) => {
      if (context.remote.transport !== OPENSSH) return undefined;
      await stageByTar(context);
      return "done";
    });
    reconcile.tapPromise(order, async (context) => {
      if (context.remote.transport !== OPENSSH || context.action.kind !== "remove") return undefined;
      await removeJob(context);
      return "done";
    });
  },
});

export default openssh;
