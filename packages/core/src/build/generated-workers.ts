import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Bucket } from "../bucket/bucket.ts";
import { stopIfInterrupted } from "../bucket/outcome.ts";
import { error, type Problem } from "../domain/checks/problem.ts";
import type { WorkerSpec } from "../domain/workspace/worker.ts";
import { WORKERS_FILE } from "../domain/workspace/workers.ts";
import { MaandError } from "../errors.ts";
import { readText } from "../workspace/read-text.ts";
import { createFile, replaceFile } from "../workspace/write-files.ts";

/** Bytes of output that are read. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Characters of a line of its error output that are shown. */
const LINE = 300;

type Place = Pick<Bucket, "settings" | "paths" | "signal">;

/**
 * Runs `workers_command`, and returns what it prints: the text of `workers.json`, not checked yet. Undefined without that setting. Throws
 * WORKERS_NOT_READ if it fails.
 */
export async function generateWorkers({ settings, paths, signal }: Place): Promise<string | undefined> {
  const [program, ...args] = settings.workersCommand ?? [];
  if (program === undefined) return undefined;
  const { execa } = await import("execa");
  const limitMs = settings.timeouts.commandMs;
  const result = await execa(program, args, {
    ...{ cwd: paths.root, timeout: limitMs, cancelSignal: signal, maxBuffer: MOST_BYTES },
    ...{ stdin: "ignore", reject: false, stripFinalNewline: false },
  });
  stopIfInterrupted(signal);
  if (!result.failed && result.stdout.trim() !== "") return result.stdout;
  throw new MaandError({
    code: "WORKERS_NOT_READ",
    message: `${program} of workers_command ${howOf(result, limitMs)}; ${WORKERS_FILE} was not changed`,
    hint: "run it by hand in the directory of the bucket; it must print what workers.json is to contain",
  });
}

interface Ended {
  readonly failed: boolean;
  readonly timedOut: boolean;
  readonly isMaxBuffer: boolean;
  readonly code?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly stderr: string;
}

function howOf({ failed, timedOut, isMaxBuffer, code, exitCode, signal, stderr }: Ended, limitMs: number): string {
  if (!failed) return "printed nothing";
  if (timedOut) return `did not end within ${limitMs / 1000} s`;
  if (isMaxBuffer) return `printed more than ${MOST_BYTES} bytes`;
  if (code === "ENOENT") return "cannot be started: there is no such program";
  if (exitCode === undefined && signal === undefined)
    return `cannot be started${code === undefined ? "" : `: ${code}`}`;
  const last = stderr.trim().split("\n").at(-1)?.slice(0, LINE) ?? "";
  const how = exitCode === undefined ? `was ended by ${signal}` : `ended with exit code ${exitCode}`;
  return last === "" ? how : `${how}: ${last}`;
}

/** Writes what {@link generateWorkers} returned, once it was checked and its catalog is stored. */
export function keepGenerated({ paths }: Pick<Bucket, "paths">, text: string): void {
  const file = join(paths.workspace, "workers.json");
  const place = { file: WORKERS_FILE, code: "invalid_workers" };
  if (!existsSync(file)) createFile(file, text);
  else if (readText(file, place, () => undefined) !== text) replaceFile(file, text);
}

/** The problem of a generated list without most workers of the last build, as after a failed query. */
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
      `workers_command left out ${lost.length} of ${before.length} workers: ${some}`,
      "check what it prints; if that is right, build with --yes",
    ),
  ];
}
