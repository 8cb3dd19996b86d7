import { pluginWithOptions } from "@maand/core";
import { SSH_SETTINGS } from "@maand/plugin-ssh";
import * as v from "valibot";
import { connectBySsh } from "./connect.ts";
import { removeJob } from "./remove.ts";
import { stageByTar } from "./stage.ts";

const options = v.object({
  /** The ssh of this machine. */
  program: v.optional(v.pipe(v.string("must be text"), v.minLength(1, "must not be empty")), "ssh"),
  /** Configuration file for it; default: those ssh reads by itself. */
  configFile: v.optional(v.string("must be text")),
  /** Seconds a master connection outlives a maand that was killed, or is kept without any command. */
  persistSeconds: v.optional(v.pipe(v.number("must be a number"), v.minValue(1, "must be at least 1")), 600),
});

export type OpensshOptions = v.InferOutput<typeof options>;

const OPENSSH = "openssh";

/**
 * Reaches workers with the system's ssh, over one master connection each, and brings their files by tar: for transport
 * `openssh`, and for `ssh` where no other plugin answers.
 */
export const openssh = pluginWithOptions({
  name: "transport-openssh",
  options,
  settings: SSH_SETTINGS, // the same keys as those of the ssh plugin, which may be loaded as well
  apply({ connect, preflight, stage, reconcile }, chosen) {
    connect.tapPromise("transport-openssh", async (context) => {
      const transport = context.worker.transport ?? context.settings.transport;
      return [OPENSSH, "ssh"].includes(transport) ? connectBySsh(context, chosen) : undefined;
    });
    preflight.tap("transport-openssh", ({ remote, needs }) => {
      if (remote.transport !== OPENSSH) return;
      for (const tool of ["timeout", "tar", "find", "cmp", ...(remote.sudo ? ["sudo"] : [])]) needs(tool);
    });
    // in front of rsync, which would bring files to any worker
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
