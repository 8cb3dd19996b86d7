import type { ProgressReader } from "@maand/command";
import { progressMode, type ReaderPlace } from "./progress-mode.ts";

/**
 * Returns a reader that prints events on stderr: as a live screen on a terminal, and as lines elsewhere. With `quiet`,
 * the reader prints only failures and the result. Loads only the reader that is used. Throws USAGE for an unknown mode.
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
