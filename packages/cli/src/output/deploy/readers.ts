import type { ProcessContext, ProgressReader } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import { progressMode, type ReaderPlace } from "./progress-mode.ts";

/**
 * Returns a function that prints events on stderr: a live screen on a terminal, lines elsewhere, little with `quiet`. Only what
 * is used is loaded. Throws USAGE for an unknown mode.
 */
export async function progressReader(place: ReaderPlace): Promise<ProgressReader> {
  switch (progressMode(place)) {
    case "json":
      return Object.assign(jsonReader(place.stderr), { end: () => undefined });
    case "live":
      return (await import("../progress/live-reader.ts")).liveReader(place);
    default:
      return (await import("../lines/lines-reader.ts")).linesReader(place);
  }
}

/** Writes each event as it occurs, one JSON object per line, for `--json` and `--progress json`. */
export function jsonReader(stream: ProcessContext["stdout"]): (event: MaandEvent) => void {
  return (event) => {
    stream.write(`${JSON.stringify(event)}\n`);
  };
}
