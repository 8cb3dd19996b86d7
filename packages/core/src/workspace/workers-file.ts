import { join } from "node:path";
import { error, type Problem } from "../domain/checks/problem.ts";
import type { WorkerSpec } from "../domain/workspace/worker.ts";
import { resolveWorkers, WORKERS_FILE } from "../domain/workspace/workers.ts";
import { problemsError } from "../errors.ts";
import { parseJson } from "./json.ts";
import { readText } from "./read-text.ts";
import { replaceFile } from "./write-files.ts";

/** `workers.json` as written, and the workers that it defines. */
export interface WorkersFile {
  readonly text: string;
  /** Its entries as written, in order. */
  readonly entries: readonly unknown[];
  readonly workers: readonly WorkerSpec[];
}

const PLACE = { file: WORKERS_FILE, code: "invalid_workers" };

/** The problem to report if `workers.json` is missing. */
export const MISSING_WORKERS: Problem = error(
  "missing_workers",
  WORKERS_FILE,
  "the file is missing",
  "create it; [] means no workers",
);

/** Reads `workers.json` without a build. Throws PROBLEMS with all problems. */
export function readWorkersFile(workspace: string): WorkersFile {
  const file = join(workspace, "workers.json");
  const problems: Problem[] = [];
  const report = (problem: Problem) => void problems.push(problem);
  const text = readText(file, { ...PLACE, missing: MISSING_WORKERS }, report);
  const value = text === undefined ? undefined : parseJson(text, PLACE.file, PLACE.code, report);
  const workers = resolveWorkers(value, report);
  const wrong = problems.filter(({ level }) => level === "error");
  if (wrong.length > 0) throw problemsError(wrong);
  return { text: text ?? "", entries: Array.isArray(value) ? value : [], workers };
}

/**
 * Replaces the entries of `workers.json` atomically. Throws PROBLEMS and writes nothing if the file was edited since it
 * was read.
 */
export function writeWorkersFile(workspace: string, before: WorkersFile, entries: readonly unknown[]): void {
  const file = join(workspace, "workers.json");
  if (readText(file, PLACE, () => undefined) !== before.text)
    throw problemsError([
      error("changed_meanwhile", WORKERS_FILE, "was edited while the workers were read", "run the command again"),
    ]);
  replaceFile(file, `${JSON.stringify(entries, undefined, 2)}\n`);
}
