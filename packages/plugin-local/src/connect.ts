import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ConnectContext, MaandError, type Remote } from "@maand/core";
import { LocalRemote } from "./local-remote.ts";

/** The word in `transport` this plugin answers to. */
export const LOCAL = "local";

/** Where a local worker keeps the bucket: `<bucket>/data/local/<host>/<bucket id>`; undefined for workers reached otherwise. */
export function localRoot({ worker, settings, bucket }: ConnectContext): string | undefined {
  if ((worker.transport ?? settings.transport) !== LOCAL) return undefined;
  return join(bucket.root, "data", "local", worker.host, bucket.id);
}

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
