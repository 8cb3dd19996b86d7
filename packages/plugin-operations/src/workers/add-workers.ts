import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { error, type Problem } from "@maand/core";
import { createFile, problemsError } from "@maand/core/internal";
import {
  canonicalHost,
  parseJson,
  readWorkersFile,
  replaceFile,
  resolveWorkers,
  WORKERS_FILE,
  type WorkersFile,
} from "@maand/core/operator";
import { appended, type WorkerEntry, withFields, without } from "./workers-text.ts";

export type { WorkerEntry } from "./workers-text.ts";

/** Changes to `workers.json`; existing entries are identified by their index. */
export interface WorkersEdit {
  readonly add: readonly WorkerEntry[];
  readonly change?: readonly { readonly at: number; readonly fields: Readonly<Record<string, unknown>> }[];
  readonly remove?: readonly number[];
}

/**
 * Adds entries to the end of `workers.json`, each on one line. Nothing else in the file changes. Throws PROBLEMS, and
 * writes nothing, if the file or an entry is invalid, or if a host already exists.
 */
export async function addWorkers(workspace: string, entries: readonly WorkerEntry[]): Promise<void> {
  const { workers } = readWorkers(workspace);
  const taken = new Map(workers.map(({ host }) => [canonicalHost(host), host]));
  const twice = entries.flatMap(({ host }) => {
    const is = taken.get(canonicalHost(host));
    taken.set(canonicalHost(host), host);
    return is === undefined
      ? []
      : [error("invalid_workers", host, `is already in ${WORKERS_FILE} as ${is}`, "edit that entry")];
  });
  if (twice.length > 0) throw problemsError(twice);
  await editWorkers(workspace, { add: entries });
}

/**
 * Edits `workers.json` and keeps its formatting. Throws PROBLEMS, and writes nothing, if the result would be invalid.
 */
export async function editWorkers(workspace: string, { add, change = [], remove = [] }: WorkersEdit): Promise<void> {
  const file = join(workspace, "workers.json");
  const { text: before, workers } = readWorkers(workspace);
  let text = before;
  for (const { at, fields } of change) text = await withFields(text, at, fields);
  for (const at of remove.toSorted((a, b) => b - a)) text = await without(text, at);
  text = await appended(text, add);
  refuseInvalid(text, workers.length - remove.length);
  if (existsSync(file) && readFileSync(file, "utf8") !== before)
    throw problemsError([
      error("changed_meanwhile", WORKERS_FILE, "was edited while the command ran", "run the command again"),
    ]);
  if (existsSync(file)) replaceFile(file, text);
  else createFile(file, text);
}

/** `workers.json`, or a new file if it does not exist. */
export function readWorkers(workspace: string): Pick<WorkersFile, "text" | "workers" | "entries"> {
  if (existsSync(join(workspace, "workers.json"))) return readWorkersFile(workspace);
  return { text: "[]\n", workers: [], entries: [] };
}

/**
 * Refuses invalid entries. A problem of a new entry names the value as typed, because the file was not written.
 */
function refuseInvalid(text: string, known: number): void {
  const problems: Problem[] = [];
  const report = (problem: Problem) => void problems.push(problem);
  resolveWorkers(parseJson(text, WORKERS_FILE, "invalid_workers", report), report);
  const wrong = problems.filter(({ level }) => level === "error");
  if (wrong.length === 0) return;
  const named = wrong.map(({ code, where, message, hint }) => {
    const at = /\[(\d+)\]\.?(.*)$/.exec(where);
    const field = at?.[2] ?? "";
    const place =
      at && Number(at[1]) >= known
        ? `--${field === "" || field === "host" ? "host" : field.replace(/\[.*/, "")}`
        : where;
    return error(code, place.replace("--host", "host"), message, hint);
  });
  throw problemsError(named);
}
