import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { MaandError } from "../errors.ts";
import { putAside } from "./rotating-file.ts";

/** One log and its files. */
export interface LogPlace {
  /** The file name, such as `10.0.0.1.log` or `maand.log`. */
  readonly name: string;
  /** The current file. */
  readonly path: string;
  /** Rotated files, oldest first. */
  readonly aside: readonly string[];
}

/**
 * Returns the directory of the requested logs: the directory of one run, of the newest run, or of all logs. A unique
 * prefix of the id of a run is enough. Throws NOT_FOUND for a run without a record, for an ambiguous prefix, and for
 * the newest run if no run is recorded.
 */
export function logDirectory(logs: string, options: { readonly run?: string; readonly newestRun?: boolean }): string {
  if (options.run === undefined && !options.newestRun) return logs;
  const runs = recordedRuns(logs);
  if (options.run === undefined) {
    const newest = runs.at(-1);
    if (newest === undefined) throw noRun("no run is recorded");
    return join(logs, "runs", newest);
  }
  const found = runs.includes(options.run) ? [options.run] : runs.filter((id) => id.startsWith(options.run ?? ""));
  const [only, other] = found;
  if (only === undefined) throw noRun(`no run is recorded as ${options.run}`);
  if (other !== undefined)
    throw noRun(`${found.length} runs begin with ${options.run}: ${found.slice(0, 4).join(", ")}`);
  return join(logs, "runs", only);
}

/**
 * Returns the logs in a directory, sorted by name; with `workers`, only the logs of these workers. A worker without a
 * log of exactly its name is used as a prefix of log names.
 */
export function logPlaces(directory: string, workers: readonly string[] = []): LogPlace[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory);
  const logs = names
    .map((name) => /^(.*\.log)(?:-\d{8}T\d{9}Z)?$/.exec(name)?.[1])
    .filter((name) => name !== undefined);
  const all = [...new Set(logs)].sort();
  const wanted = workers.flatMap((worker) => {
    const own = `${worker}.log`;
    return all.includes(own) ? [own] : all.filter((name) => name.startsWith(worker));
  });
  return (workers.length === 0 ? all : all.filter((name) => wanted.includes(name))).map((name) => {
    const path = join(directory, name);
    return { name, path, aside: putAside(path, names) };
  });
}

/** Ids of the recorded runs, oldest first. */
function recordedRuns(logs: string): string[] {
  const runs = join(logs, "runs");
  if (!existsSync(runs)) return [];
  return readdirSync(runs)
    .map((id) => ({ id, at: statSync(join(runs, id), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => a.at - b.at)
    .map(({ id }) => id);
}

function noRun(message: string): MaandError {
  return new MaandError({
    code: "NOT_FOUND",
    message,
    hint: "to list runs, run maand logs show --event run_started; only the newest ones have their own record (logs.keep_runs)",
  });
}
