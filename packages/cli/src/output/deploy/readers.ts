import type { ProcessContext, Style } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import { eventLines } from "./lines.ts";
import { liveScreen } from "./live.ts";

/**
 * Returns a function that prints events on stderr: a live screen on a terminal, plain lines elsewhere, little with
 * `quiet`.
 */
export function eventReader(
  place: Pick<ProcessContext, "stderr" | "env"> & { readonly quiet: boolean; readonly style: Style },
): (event: MaandEvent) => void {
  const lines = eventLines(place.style, place.quiet, () =>
    place.stderr.isTTY === true ? place.stderr.columns : undefined,
  );
  if (place.stderr.isTTY === true && !place.quiet && place.env.TERM !== "dumb")
    return liveScreen(place.stderr, lines, place.style);
  return (event) => {
    for (const line of lines(event)) place.stderr.write(`${line}\n`);
  };
}

/** Writes each event to stdout as it occurs, one JSON object per line, for `--json`. */
export function jsonReader(stdout: ProcessContext["stdout"]): (event: MaandEvent) => void {
  return (event) => {
    stdout.write(`${JSON.stringify(event)}\n`);
  };
}
