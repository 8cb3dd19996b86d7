import type { ControlResult } from "@maand/core";
import { groupBy } from "@maand/core/readonly";

/** Workers nobody got to, a line for each job and reason: a roll that ends early may leave many. */
export function skippedWorkerLines(results: readonly ControlResult[]): string[] {
  const skipped = results.filter(({ outcome }) => outcome === "skipped");
  const groups = groupBy(skipped, ({ job, message }) => JSON.stringify([job, message]));
  return [...groups.values()].map((group) => {
    const hosts = group.map(({ host }) => host).join(", ");
    return `left ${group[0]?.job} on ${hosts}: ${group[0]?.message}`;
  });
}
