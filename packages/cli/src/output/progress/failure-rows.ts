import { plural } from "@maand/command";
import { compareHosts } from "@maand/core/internal";
import { type Look, NARROW, row, type Section, some } from "./look.ts";
import type { Failed, Progress } from "./model.ts";
import { clean } from "./text-width.ts";

/** The number of last lines of output below a failure. */
const LINES_SHOWN = 4;
const WORKERS_NAMED = 3;

/** The number of rows to plan for each failure if there is not enough room for all failures. */
const ROWS_EACH = 3;

/**
 * The rows of failures: the step, the workers, the reason, and as many of the last lines of output as fit. If there are
 * too many failures, shows the failures with the most workers.
 */
export function failureRows({ failures, moreFailures }: Progress, look: Look): Section {
  const wanted = failures.reduce((sum, { lines }) => sum + 1 + Math.min(lines.length, LINES_SHOWN), 0);
  return {
    wanted: wanted + (moreFailures > 0 ? 1 : 0),
    rows(limit) {
      if (limit === 0 || failures.length === 0) return [];
      const shown = chosen(failures, wanted <= limit ? failures.length : Math.max(1, Math.floor(limit / ROWS_EACH)));
      const hidden = failures.length - shown.length + moreFailures;
      let spare = limit - shown.length - (hidden > 0 ? 1 : 0);
      if (spare < 0) return [counted(`${plural(hidden + shown.length, "failure")}`, look)];
      const rows = shown.flatMap((failure, at) => {
        const fair = Math.ceil(spare / (shown.length - at));
        const lines = fair === 0 ? [] : failure.lines.slice(-Math.min(fair, LINES_SHOWN));
        spare -= lines.length;
        return failureOf(failure, lines, look);
      });
      return hidden === 0 ? rows : [...rows, counted(plural(hidden, "more failure"), look)];
    },
  };
}

/**
 * The failures with the most workers, in the order in which they occurred. Among equals, chooses the latest failures.
 */
function chosen(failures: readonly Failed[], count: number): Failed[] {
  const ranked = [...failures].reverse().sort((one, other) => other.workers.length - one.workers.length);
  const kept = new Set(ranked.slice(0, count));
  return failures.filter((failure) => kept.has(failure));
}

function counted(text: string, look: Look): string {
  return row([[`${look.glyphs.failed} ${text}`, look.style.bad]], look);
}

function failureOf({ what, workers, message }: Failed, lines: readonly string[], look: Look): string[] {
  const { style, glyphs } = look;
  const where =
    workers.length === 0
      ? ""
      : ` on ${some([...workers].sort(compareHosts), look.columns < NARROW ? 1 : WORKERS_NAMED)}`;
  return [
    row([[`${glyphs.failed} ${what}${where}`, style.bad], [`: ${clean(message)}`]], look),
    ...lines.map((line) => row([[`    ${glyphs.quote} `, style.faint], [clean(line)]], look)),
  ];
}
