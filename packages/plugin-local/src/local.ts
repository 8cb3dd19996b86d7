import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type ConnectContext,
  definePlugin,
  type LocateContext,
  MaandError,
  type Plugin,
  type Remote,
} from "@maand/core";
import { deleteJobFiles } from "@maand/core/toolbox";

/** The transport that this plugin provides. */
const LOCAL = "local";

/**
 * Workers that are directories on this machine: `"transport": "local"` on a worker, or in `maand.conf` for all.
 * Commands run here, as the user who runs maand; neither ssh nor rsync is needed.
 */
export function local(): Plugin {
  return definePlugin({
    name: "local",
    provides: { answers: ["connect", "stage"], transports: ["local"] },
    apply(hooks) {
      // other code is loaded when needed, because most commands touch no worker
      hooks.connect.tapPromise("local", connectLocal);
      hooks.locate.tap("local", localRoot);
      hooks.stage.tapPromise("local", async (context) => {
        if (context.remote.transport !== LOCAL) return undefined;
        const { stageLocal } = await import("./stage.ts");
        await stageLocal(context);
        return "done";
      });
      hooks.reconcile.tapPromise("local", async ({ action, remote, directory, timeoutMs, signal }) => {
        if (action.kind !== "remove" || remote.transport !== LOCAL) return undefined;
        await deleteJobFiles({ remote, directory, timeoutMs, signal });
        return "done";
      });
    },
  });
}

function isLocal({ worker, settings }: LocateContext): boolean {
  return (worker.transport ?? settings.transport) === LOCAL;
}

/**
 * The directory of the bucket on a local worker: `<bucket>/data/local/<host>/<bucket id>`; undefined for other workers.
 */
function localRoot(context: LocateContext): string | undefined {
  const { worker, bucket } = context;
  return isLocal(context) ? join(bucket.root, "data", "local", worker.host, bucket.id) : undefined;
}

/** A remote in the directory of the worker, which is created if it is missing; undefined for other workers. */
async function connectLocal(context: ConnectContext): Promise<Remote | undefined> {
  const { worker, root, settings } = context;
  if (!isLocal(context)) return undefined;
  const { LocalRemote } = await import("./local-remote.ts");
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const message = `${root} cannot be created: ${cause instanceof Error ? cause.message : cause}`;
    throw new MaandError({ code: "UNREACHABLE", message, worker: worker.host, cause });
  }
  const { backPressure } = context;
  return new LocalRemote({ host: worker.host, root, timeoutMs: settings.timeouts.commandMs, backPressure });
}
