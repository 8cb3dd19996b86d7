import type { ProcessContext, ProgressReader } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import { type EventReader, eventTexts, type PrintedLines } from "@maand/core/toolbox";
import { backPressureOf } from "./back-pressure.ts";

/** Writes each event as it occurs, one JSON object per line, for `--json` and `--progress json`. */
export function jsonReader(stream: ProcessContext["stdout"]): ProgressReader {
  const read = (event: MaandEvent) => void stream.write(`${JSON.stringify(event)}\n`);
  const readLines = (printed: PrintedLines) => void stream.write(`${eventTexts(printed).join("\n")}\n`);
  return Object.assign(read, { readLines, backPressure: backPressureOf(stream), end: () => undefined });
}

/** Gives everything to several readers. */
export function allOf(readers: readonly ProgressReader[]): EventReader {
  const read = (event: MaandEvent) => {
    for (const reader of readers) reader(event);
  };
  const readLines = (printed: PrintedLines) => {
    for (const reader of readers) reader.readLines(printed);
  };
  const backPressure = () => {
    const behind = readers.flatMap((reader) => reader.backPressure?.() ?? []);
    return behind.length === 0 ? undefined : Promise.all(behind).then(() => undefined);
  };
  return Object.assign(read, { readLines, backPressure });
}
