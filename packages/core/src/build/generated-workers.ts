import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Bucket } from "../bucket/bucket.ts";
import { stopIfInterrupted } from "../bucket/interruption.ts";
import { error, type Problem } from "../domain/checks/problem.ts";
import type { WorkerSpec } from "../domain/workspace/worker.ts";
import { WORKERS_FILE } from "../domain/workspace/workers.ts";
import { MaandError } from "../errors.ts";
import { runProgram } from "../remote/process/run-program.ts";
import { readText } from "../workspace/read-text.ts";
import { createFile, replaceFile } from "../workspace/write-files.ts";

/** The largest output that is read, in bytes. */
const MOST_BYTES = 16 * 1024 * 1024;
/** The number of characters to show from the last line of the program's error output. */
const LINE = 300;

type Place = Pick<Bucket, "settings" | "paths" | "signal">;

/**
 * Runs `workers_command`, and returns its output: the text of `workers.json`, not checked yet. Returns undefined if
 * `workers_command` is not set. Throws WORKERS_NOT_READ if the program fails.
 */
export async function generateWorkers({ settings, paths, signal }: Place): Promise<string | undefined> {
  const [program, ...args] = settings.workersCommand ?? [];
  if (program === undefined) return undefined;
  const { code, failure, stdout, stderr } = await runProgram({
    ...{ argv: [program, ...args], cwd: paths.root, signal },
    ...{ limitMs: settings.timeouts.commandMs, mostBytes: MOST_BYTES },
  });
  stopIfInterrupted(signal);
  const text = stdout.toString();
  if (code === 0 && text.trim() !== "") return text;
  throw new MaandError({
    code: "WORKERS_NOT_READ",
    message: `workers_command (${program}) ${failure ?? howOf(code, stderr)}; ${WORKERS_FILE} was not changed`,
    hint: "run it by hand in the directory of the bucket; it must print the content of workers.json",
  });
}

function howOf(code: number | undefined, stderr: string): string {
  if (code === 0) return "printed nothing";
  const last = stderr.trim().split("\n").at(-1)?.slice(0, LINE) ?? "";
  return `exited with code ${code}${last === "" ? "" : `: ${last}`}`;
}

/** Writes the result of {@link generateWorkers}. Call this after the text was checked and its catalog was stored. */
export function keepGenerated({ paths }: Pick<Bucket, "paths">, text: string): void {
  const file = join(paths.workspace, "workers.json");
  const place = { file: WORKERS_FILE, code: "invalid_workers" };
  if (!existsSync(file)) createFile(file, text);
  else if (readText(file, place, () => undefined) !== text) replaceFile(file, text);
}

/** The problem to report if a generated list lacks most workers of the last build, for example after a failed query. */
export function lostWorkers(
  before: readonly Pick<WorkerSpec, "host">[],
  now: readonly Pick<WorkerSpec, "host">[],
): Problem[] {
  const there = new Set(now.map(({ host }) => host));
  const lost = before.filter(({ host }) => !there.has(host)).map(({ host }) => host);
  if (lost.length * 2 <= before.length) return [];
  const some = lost.length > 3 ? `${lost.slice(0, 3).join(", ")} and ${lost.length - 3} more` : lost.join(", ");
  return [
    error(
      "workers_lost",
      WORKERS_FILE,
      `workers_command left out ${lost.length} of ${before.length} ${before.length === 1 ? "worker" : "workers"}: ${some}`,
      "check what it prints; if that is right, build with --yes",
    ),
  ];
}
