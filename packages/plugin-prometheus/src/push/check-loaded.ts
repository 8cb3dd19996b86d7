import { setTimeout as sleep } from "node:timers/promises";
import type { Patience } from "./patience.ts";
import { loginHeaders, type Server } from "./server.ts";

/**
 * Whether a server that was just started or reloaded runs all groups of rules that were brought to it: it says nothing when it
 * refuses a configuration and goes on with the one before. Returns what is wrong; undefined also if nothing answers: health checks
 * and the push of certificates wait for that.
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
  return `${server.origin} runs ${loaded} of ${expected} groups of rules: it did not reload, or refused its configuration, which its log says`;
}

/** The number of groups from the files that maand brought; undefined if the server does not say yet. */
async function groupsOf(server: Server, signal: AbortSignal): Promise<number | "silence" | undefined> {
  try {
    const answer = await fetch(`${server.origin}/api/v1/rules`, { headers: loginHeaders(server), signal });
    if (!answer.ok) return undefined;
    const { data }: { data?: { groups?: readonly { readonly file?: unknown }[] } } = JSON.parse(await answer.text());
    return data?.groups?.filter(({ file }) => /(^|\/)rules\//.test(String(file))).length;
  } catch {
    return "silence";
  }
}
