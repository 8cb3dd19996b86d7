import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ConnectContext, MaandError, type Remote } from "@maand/core";
import { LocalRemote } from "./local-remote.ts";

/** The word in `transport` this plugin answers to. */
export const LOCAL = "local";

/** A remote whose directory is `<bucket>/data/local/<host>/<bucket id>`; undefined for workers reached otherwise. */
export async function connectLocal(context: ConnectContext): Promise<Remote | undefined> {
  const { worker, settings, bucket } = context;
  if ((worker.transport ?? settings.transport) !== LOCAL) return undefined;
  const root = join(bucket.root, "data", "local", worker.host, bucket.id);
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const message = `${root} cannot be made: ${cause instanceof Error ? cause.message : cause}`;
    throw new MaandError({ code: "UNREACHABLE", message, worker: worker.host, cause });
  }
  return new LocalRemote({ host: worker.host, root, timeoutMs: settings.timeouts.commandMs });
}
