import { join } from "node:path";
import type { ConnectContext } from "@maand/core";

/** The word in `transport` this plugin answers to. */
export const LOCAL = "local";

/** Where a local worker keeps the bucket: `<bucket>/data/local/<host>/<bucket id>`; undefined for workers reached otherwise. */
export function localRoot({ worker, settings, bucket }: ConnectContext): string | undefined {
  if ((worker.transport ?? settings.transport) !== LOCAL) return undefined;
  return join(bucket.root, "data", "local", worker.host, bucket.id);
}
