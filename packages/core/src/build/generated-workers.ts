import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Bucket } from "../bucket/bucket.ts";
import { stopIfInterrupted } from "../bucket/outcome.ts";
import { error, type Problem } from "../domain/checks/problem.ts";
import type { WorkerSpec } from "../domain/workspace/worker.ts";
import { WORKERS_FILE } from "../domain/workspace/workers.ts";
import { MaandError } from "../errors.ts";
import { followProcess } from "../remote/process/follow-process.ts";
import { type ProcessEnd, startProcess } from "../remote/process/process.ts";
import { readText } from "../workspace/read-text.ts";
import { createFile, replaceFile } from "../workspace/write-files.ts";

/** Bytes of output that are read. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Characters of its error output that are kept, and of its last line that are shown. */
const ERROR_TEXT = 4096;
const LINE = 300;
/** Milliseconds between the request to stop and SIGKILL. */
const GRACE_MS = 2000;

type Place = Pick<Bucket, "settings" | "paths" | "signal">;

/**
 * Runs `workers_command`, and returns what it prints: the text of `workers.json`, not checked yet. Undefined without that setting. Throws
 * WORKERS_NOT_READ if it fails.
 */
export async function generateWorkers({ settings, paths, signal }: Place): Promise<string | undefined> {
  const [program, ...args] = settings.workersCommand ?? [];
  if (program === undefined) return undefined;
  const limitMs = settings.timeouts.commandMs;
  const printed = { stdout: [] as Buffer[], bytes: 0, stderr: "" };
  const child = await startProcess([program, ...args], { cwd: paths.root, endsWithUs: true });
  const { end, cut } = await followProcess(child, {
    ...{ timeoutMs: limitMs, signal, graceMs: GRACE_MS, leavesNothing: true },
    onOutput(stream, chunk) {
      if (stream === "stderr") printed.stderr = `${printed.stderr}${chunk}`.slice(-ERROR_TEXT);
      else {
        printed.bytes += chunk.byteLength;
        if (printed.bytes > MOST_BYTES) child.signal("SIGKILL");
        else printed.stdout.push(chunk);
      }
    },
  });
  stopIfInterrupted(signal);
  const text = Buffer.concat(printed.stdout).toString();
  if (cut === undefined && end.code === 0 && printed.bytes <= MOST_BYTES && text.trim() !== "") return text;
  const how =
    cut === undefined
      ? printed.bytes > MOST_BYTES
        ? `printed more than ${MOST_BYTES} bytes`
        : howOf(end, printed.stderr)
      : `did not end within ${limitMs / 1000} s`;
  throw new MaandError({
    code: "WORKERS_NOT_READ",
    message: `${program} of workers_command ${how}; ${WORKERS_FILE} was not changed`,
    hint: "run it by hand in the directory of the bucket; it must print what workers.json is to contain",
  });
}

function howOf({ code, bySignal, failure, missing }: ProcessEnd, stderr: string): string {
  if (failure !== undefined) return `cannot be started: ${missing ? "there is no such program" : failure}`;
  if (code === 0) return "printed nothing";
  const last = stderr.trim().split("\n").at(-1)?.slice(0, LINE) ?? "";
  const how = bySignal ? `was ended by signal ${code - 128}` : `ended with exit code ${code}`;
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
