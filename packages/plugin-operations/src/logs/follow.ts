import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { logPlaces, putAside } from "@maand/core/readonly";
import type { FilePart } from "./file-lines.ts";
import { lastParts } from "./last-parts.ts";
import { type StoredLine, StoredLines, storedLine } from "./stored-lines.ts";

const CHUNK = 64 * 1024;

/** A followed log. */
interface Followed {
  readonly path: string;
  file: number;
  position: number;
  ts: string;
}

/** Logs that are read to the end and then followed while other processes write to them. */
export class FollowedLogs {
  readonly #directory: string;
  readonly #workers: readonly string[];
  readonly #logs = new Map<string, Followed>();

  /** Records the current end of every log; reads nothing yet. */
  constructor(directory: string, workers: readonly string[]) {
    this.#directory = directory;
    this.#workers = workers;
    for (const { name, path } of logPlaces(directory, workers)) this.#begin(name, path, true);
  }

  /**
   * The lines that existed at the start. Call this once. With a number, returns at most this number of lines of each
   * log.
   */
  before(lines = Number.MAX_SAFE_INTEGER): StoredLines[] {
    return [...this.#logs].map(([name, { path, file, position }]) => {
      const own = fstatSync(file).ino;
      const aside: FilePart[] = putAside(path)
        .filter((old) => statSync(old, { throwIfNoEntry: false })?.ino !== own)
        .map((old) => ({ path: old }));
      return new StoredLines(name, lastParts([...aside, { path, file, end: position }], lines));
    });
  }

  /** The lines written since the last call, by time. */
  more(): StoredLine[] {
    for (const { name, path } of logPlaces(this.#directory, this.#workers))
      if (!this.#logs.has(name)) this.#begin(name, path, false);
    const lines = [...this.#logs.values()].flatMap((log) => readOn(log));
    return lines.sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0));
  }

  close(): void {
    for (const { file } of this.#logs.values()) closeSync(file);
    this.#logs.clear();
  }

  #begin(name: string, path: string, atEnd: boolean): void {
    const file = openIfThere(path);
    if (file === undefined) return;
    this.#logs.set(name, { path, file, position: atEnd ? fstatSync(file).size : 0, ts: "" });
  }
}

/** Reads the new part of a log. If the log was rotated since the last read, also reads all newer files. */
function readOn(log: Followed): StoredLine[] {
  const lines = readToEnd(log);
  const own = fstatSync(log.file).ino;
  if (statSync(log.path, { throwIfNoEntry: false })?.ino === own) return lines;
  // the lines written between the last read and the rotation
  lines.push(...readToEnd(log));
  const aside = putAside(log.path, readdirSync(dirname(log.path)));
  const mine = aside.findIndex((path) => statSync(path, { throwIfNoEntry: false })?.ino === own);
  for (const path of [...aside.slice(mine + 1), log.path]) {
    const file = openIfThere(path);
    if (file === undefined) continue;
    closeSync(log.file);
    Object.assign(log, { file, position: 0 });
    lines.push(...readToEnd(log));
  }
  return lines;
}

function readToEnd(log: Followed): StoredLine[] {
  const lines: StoredLine[] = [];
  const chunk = Buffer.allocUnsafe(CHUNK);
  for (;;) {
    const bytes = readSync(log.file, chunk, 0, CHUNK, log.position);
    if (bytes === 0) return lines;
    // a line without a newline is read again next time; a full chunk without a newline is not a log line
    const last = chunk.lastIndexOf(0x0a, bytes - 1);
    const whole = last === -1 ? 0 : last + 1;
    if (whole === 0 && bytes < CHUNK) return lines;
    log.position += whole === 0 ? bytes : whole;
    for (const text of chunk.toString("utf8", 0, whole).split("\n")) {
      const line = storedLine(text, log.ts);
      if (line) log.ts = line.ts;
      if (line) lines.push(line);
    }
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined;
  }
}
