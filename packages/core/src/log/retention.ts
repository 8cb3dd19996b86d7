import { lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isRunId } from "../domain/workspace/names.ts";

/** Deletes the records of the oldest runs and keeps the newest `keep`. Deletes only run directories. */
export function deleteOldRuns(runs: string, keep: number): void {
  const names = readdirSync(runs).filter(isRunId);
  if (names.length <= keep) return;
  const byAge = names
    .map((name) => ({ name, found: lstatSync(join(runs, name), { throwIfNoEntry: false }) }))
    .flatMap(({ name, found }) => (found?.isDirectory() ? [{ name, at: found.mtimeMs }] : []))
    .sort((a, b) => a.at - b.at);
  for (const { name } of byAge.slice(0, Math.max(0, byAge.length - keep)))
    rmSync(join(runs, name), { recursive: true, force: true });
}
