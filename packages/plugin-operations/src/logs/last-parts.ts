import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { timeOf } from "@maand/core/readonly";
import type { FilePart } from "./file-lines.ts";

const CHUNK = 64 * 1024;
const NEWLINE = 0x0a;

/** The number of bytes that show whether a line is a log line. */
const HEAD = 40;

/**
 * Reads consecutive files from the end, and returns the parts that contain the last lines. Counts only lines that begin
 * like log lines, because readers skip all other lines.
 */
export function lastParts(parts: readonly FilePart[], lines: number): FilePart[] {
  const kept: FilePart[] = [];
  let left = lines;
  for (const part of [...parts].reverse()) {
    if (left <= 0) break;
    const { start, found } = lastOf(part, left);
    kept.unshift({ ...part, start });
    left -= found;
  }
  return kept;
}

/**
 * The offset of the last lines of a file, and the number of these lines. The reader reports a file that cannot be read.
 */
function lastOf(part: FilePart, lines: number): { readonly start: number; readonly found: number } {
  let file: number | undefined;
  try {
    file = part.file ?? openSync(part.path, "r");
    return scan(file, part.end ?? fstatSync(file).size, lines);
  } catch {
    return { start: 0, found: 0 };
  } finally {
    if (file !== undefined && part.file === undefined) closeSync(file);
  }
}

function scan(file: number, end: number, lines: number): { readonly start: number; readonly found: number } {
  const chunk = Buffer.allocUnsafe(CHUNK);
  let found = 0;
  for (let top = end; top > 0; top = Math.max(0, top - CHUNK)) {
    const from = Math.max(0, top - CHUNK);
    const bytes = readSync(file, chunk, 0, top - from, from);
    for (
      let at = chunk.subarray(0, bytes).lastIndexOf(NEWLINE);
      at !== -1;
      at = at === 0 ? -1 : chunk.lastIndexOf(NEWLINE, at - 1)
    ) {
      if (from + at === end - 1) continue; // this newline ends the last line, and no line follows it
      if (!beginsLine(file, from + at + 1, chunk.subarray(at + 1, bytes))) continue;
      found += 1;
      if (found === lines) return { start: from + at + 1, found };
    }
  }
  return { start: 0, found: end > 0 ? found + 1 : 0 };
}

/** Whether a log line begins here; `known` are the bytes from here on that were already read. */
function beginsLine(file: number, position: number, known: Buffer): boolean {
  if (known.length >= HEAD) return timeOf(known.toString("latin1", 0, HEAD)) !== undefined;
  const head = Buffer.alloc(HEAD);
  const bytes = readSync(file, head, 0, HEAD, position);
  return timeOf(head.toString("latin1", 0, bytes)) !== undefined;
}
