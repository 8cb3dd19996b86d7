import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** Deletes the records of the oldest runs, so that no more than `keep` are left. */
export function deleteOldRuns(runs: string, keep: number): void {
  const names = readdirSync(runs);
  if (names.length <= keep) return;
  const byAge = names
    .map((name) => ({ name, at: statSync(join(runs, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => a.at - b.at);
  for (const { name } of byAge.slice(0, names.length - keep))
    rmSync(join(runs, name), { recursive: true, force: true });
}
