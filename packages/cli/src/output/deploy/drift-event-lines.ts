import { type Style, visible } from "@maand/command";
import type { MaandEvent } from "@maand/core";

/** The lines of events about drift; undefined for all others. */
export function driftEventLines(event: MaandEvent, style: Style): string[] | undefined {
  if (event.type !== "drift.found" && event.type !== "drift.repaired") return undefined;
  const unit = event.job === null ? event.worker : `${event.job}@${event.worker}`;
  if (event.type === "drift.repaired") return [`${style.good("repaired")} ${unit}`];
  const files = event.files.length === 0 ? "all files are missing" : event.files.map(visible).join(", ");
  return [`${style.warn("differs")} ${unit}: ${files}`];
}
