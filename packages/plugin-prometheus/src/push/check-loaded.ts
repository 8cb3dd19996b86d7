import { setTimeout as sleep } from "node:timers/promises";
import type { Patience } from "./patience.ts";
import { send } from "./request.ts";
import { loginHeaders, type Server } from "./server.ts";

/**
 * Checks whether a server that was just started or reloaded runs all rule groups that were synced to it: a server that
 * rejects a configuration keeps the previous configuration without an error. Returns the problem; undefined if there is
 * none or if the server does not respond, because health checks and the push of certificates report that.
 */
export async function checkLoaded(
  server: Server,
  expected: number,
  { pausesMs, totalMs }: Patience,
  interrupted: AbortSignal,
): Promise<string | undefined> {
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(totalMs)]);
  let loaded = await groupsOf(server, signal);
  for (const pause of pausesMs) {
    if (loaded === expected || loaded === "silence" || signal.aborted) break;
    await sleep(pause, undefined, { signal }).catch(() => undefined);
    loaded = await groupsOf(server, signal);
  }
  if (typeof loaded !== "number" || loaded === expected) return undefined;
  return `${server.origin} runs ${loaded} of ${expected} rule ${expected === 1 ? "group" : "groups"}: it did not reload, or it rejected its configuration; see its log`;
}

/** The number of groups in the files that maand synced; undefined if the server is not ready. */
async function groupsOf(server: Server, signal: AbortSignal): Promise<number | "silence" | undefined> {
  try {
    const { status, text } = await send(`${server.origin}/api/v1/rules`, {
      headers: loginHeaders(server),
      ca: server.ca,
      signal,
    });
    if (status !== 200) return status >= 500 ? undefined : "silence"; // 503 while the server starts
    const { data }: { data?: { groups?: readonly { readonly file?: unknown }[] } } = JSON.parse(text);
    return data?.groups?.filter(({ file }) => /(^|\/)rules\//.test(String(file))).length;
  } catch {
    return "silence";
  }
}
