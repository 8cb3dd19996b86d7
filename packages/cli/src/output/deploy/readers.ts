import type { ProgressReader } from "@maand/command";
import { progressMode, type ReaderPlace } from "./progress-mode.ts";

/**
 * Returns a function that prints events on stderr: a live screen on a terminal, lines elsewhere, little with `quiet`.
 * Loads only the reader that is used. Throws USAGE for an unknown mode.
 */
export async function progressReader(place: ReaderPlace): Promise<ProgressReader> {
  switch (progressMode(place)) {
    case "json":
      return (await import("../json-reader.ts")).jsonReader(place.stderr);
    case "live":
      return (await import("../progress/live-reader.ts")).liveReader(place);
    default:
      return (await import("../lines/lines-reader.ts")).linesReader(place);
  }
}
