import { duration } from "@maand/command";
import { unitOf } from "./change.ts";
import { clock, type Look, NARROW, type Part, row, type Section } from "./look.ts";
import type { Progress, Step } from "./model.ts";
import { clean } from "./text-width.ts";

/** The maximum number of actions that the count of hidden steps names. */
const KINDS_NAMED = 3;

/**
 * A row per running step, oldest first: the step, its worker, its time, what it waits for, and its last line of output.
 */
export function stepRows({ underWay, output }: Progress, look: Look, now: number): Section {
  const steps = [...underWay.values()].sort((one, other) => one.since - other.since);
  return {
    wanted: steps.length,
    rows(limit) {
      if (limit === 0) return [];
      const shown = steps.length <= limit ? steps : steps.slice(0, limit - 1);
      const rows = shown.map((step) => stepRow(step, output.get(unitOf(step.job, step.worker))?.at(-1), look, now));
      const hidden = steps.slice(shown.length);
      return hidden.length === 0 ? rows : [...rows, row([[`    ${rest(hidden)}`, look.style.faint]], look)];
    },
  };
}

function stepRow(
  { kind, what, worker, since, waitsFor, silentMs }: Step,
  last: string | undefined,
  look: Look,
  now: number,
) {
  const { style, glyphs, columns } = look;
  const where = worker === undefined ? "" : ` on ${worker}`;
  // if there is no room for both, the last line of output is more useful than the reason for the wait; the output of a
  // health check contains this reason
  const isShort = last !== undefined && (columns < NARROW || kind === "health");
  const parts: Part[] = [
    [`${columns < NARROW ? "  " : "    "}${what}${where}`],
    [` ${clock(now - since)}`, style.faint],
    ...(silentMs === undefined ? [] : [[`, no activity for ${duration(silentMs)}`, style.warn] as const]),
    ...(isShort ? [] : [[`, waits for ${clean(waitsFor)}`] as const]),
    ...(last === undefined ? [] : [[` ${glyphs.quote} ${clean(last)}`, style.faint] as const]),
  ];
  return row(parts, look);
}

/** `and 288 more: 250 restart api, 38 files`. */
function rest(hidden: readonly Step[]): string {
  const counts = new Map<string, number>();
  for (const { what } of hidden) counts.set(what, (counts.get(what) ?? 0) + 1);
  const named = [...counts].sort(([, one], [, other]) => other - one).slice(0, KINDS_NAMED);
  const others = hidden.length - named.reduce((sum, [, count]) => sum + count, 0);
  const texts = [...named.map(([what, count]) => `${count} ${what}`), ...(others > 0 ? [`${others} others`] : [])];
  return `and ${hidden.length} more: ${texts.join(", ")}`;
}
