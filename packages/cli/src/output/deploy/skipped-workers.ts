import type { ControlResult } from "@maand/core/internal";
import { groupBy } from "@maand/core/readonly";

/** The skipped workers, one line per job and reason, because a rollout that ends early may skip many workers. */
export function skippedWorkerLines(results: readonly ControlResult[]): string[] {
  const skipped = results.filter(({ outcome }) => outcome === "skipped");
  const groups = groupBy(skipped, ({ job, message }) => JSON.stringify([job, message]));
  return [...groups.values()].map((group) => {
    const hosts = group.map(({ host }) => host).join(", ");
    return `skipped ${group[0]?.job} on ${hosts}: ${group[0]?.message}`;
  });
}
