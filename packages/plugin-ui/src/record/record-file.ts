import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { putAside } from "@maand/core/readonly";

/** The record of a run: its events, one per line. A large record continues in further files, which are read as one. */
export interface RecordFile {
  /** Bytes. Positions count from the beginning of the oldest file. */
  readonly size: number;
  /** Reads up to `length` bytes from a position; fewer only at the end. */
  read(position: number, length: number): Buffer;
  close(): void;
}

interface Part {
  readonly file: number;
  readonly start: number;
  readonly size: number;
}

/** The path of a run's record. */
export function recordPath(logs: string, run: string): string {
  return join(logs, "runs", run, "events.ndjson");
}

/** Opens the current state of a record. Later writes are not part of it. Undefined if there is none. */
export function openRecord(path: string): RecordFile | undefined {
  const parts: Part[] = [];
  let size = 0;
  for (const each of partsOf(path)) {
    const file = openIfThere(each);
    if (file === undefined) continue;
    const part = { file, start: size, size: fstatSync(file).size };
    parts.push(part);
    size += part.size;
  }
  if (parts.length === 0) return undefined;
  return {
    size,
    read: (position, length) => readFrom(parts, position, Math.min(length, size - position)),
    close: () => {
      for (const { file } of parts) closeSync(file);
    },
  };
}

function partsOf(path: string): string[] {
  if (!statSync(dirname(path), { throwIfNoEntry: false })) return [];
  return [...putAside(path), path];
}

function readFrom(parts: readonly Part[], position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(Math.max(0, length));
  let filled = 0;
  for (const { file, start, size } of parts) {
    while (filled < buffer.length && position + filled < start + size && position + filled >= start) {
      const at = position + filled - start;
      const bytes = readSync(file, buffer, filled, Math.min(buffer.length - filled, size - at), at);
      if (bytes === 0) return buffer.subarray(0, filled);
      filled += bytes;
    }
  }
  return buffer.subarray(0, filled);
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined;
  }
}
