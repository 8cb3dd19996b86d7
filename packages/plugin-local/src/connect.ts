import { mkdir } from "node:fs/promises";
import { type ConnectContext, MaandError, type Remote } from "@maand/core";
import { LocalRemote } from "./local-remote.ts";
import { localRoot } from "./locate.ts";

/** A remote in {@link localRoot}, which is made if it is not there; undefined for workers reached otherwise. */
export async function connectLocal(context: ConnectContext): Promise<Remote | undefined> {
  const { worker, settings } = context;
  const root = localRoot(context);
  if (root === undefined) return undefined;
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const message = `${root} cannot be made: ${cause instanceof Error ? cause.message : cause}`;
    throw new MaandError({ code: "UNREACHABLE", message, worker: worker.host, cause });
  }
  return new LocalRemote({ host: worker.host, root, timeoutMs: settings.timeouts.commandMs });
}
