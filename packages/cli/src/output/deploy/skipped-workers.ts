import type { ControlResult } from "@maand/core";

/** Workers nobody got to, a line for each job and reason: a roll that ends early may leave many. */
export function skippedWorkerLines(results: readonly ControlResult[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { job, host, message } of results.filter(({ outcome }) => outcome === "skipped")) {
    const key = JSON.stringify([job, message]);
    const hosts = groups.get(key) ?? [];
    groups.set(key, hosts);
    hosts.push(host);
  }
  return [...groups].map(([key, hosts]) => {
    const [job, message]: [string, string] = JSON.parse(key);
    return `left ${job} on ${hosts.join(", ")}: ${message}`;
  });
}
