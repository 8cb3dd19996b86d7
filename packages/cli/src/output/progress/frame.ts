import { plural } from "@maand/command";
import { failureRows } from "./failure-rows.ts";
import { jobRows } from "./job-rows.ts";
import { clock, type Look, type Part, row, some } from "./look.ts";
import type { Progress } from "./model.ts";
import { stepRows } from "./step-rows.ts";
import { clean, cut, padded, widthOf } from "./text-width.ts";

/**
 * The rows of the live screen: the phase, a row per job, the steps that run, and failures with their last lines. While
 * the run continues, there is at least one row, and fewer rows than the terminal has. Items that do not fit are
 * counted.
 */
export function frame(model: Progress, look: Look, now: number): string[] {
  if (model.isOver) return [];
  const room = Math.max(1, look.rows - 1);
  const fixed = [header(model, look, now), ...footer(model, look)].slice(0, room);
  const parts = [jobRows(model, look, now), stepRows(model, look, now), failureRows(model, look)];
  const limits = shared(
    room - fixed.length,
    parts.map(({ wanted }) => wanted),
  );
  const [first = "", ...last] = fixed;
  return [first, ...parts.flatMap(({ rows }, at) => rows(limits[at] ?? 0)), ...last];
}

/** Divides the rows among the parts. Each part first gets up to a third; later parts get the remaining rows first. */
function shared(room: number, wanted: readonly number[]): number[] {
  const third = Math.floor(room / wanted.length);
  const limits = wanted.map((count) => Math.min(count, third));
  let left = room - limits.reduce((sum, count) => sum + count, 0);
  for (let at = wanted.length - 1; at >= 0; at -= 1) {
    const more = Math.min(left, (wanted[at] ?? 0) - (limits[at] ?? 0));
    limits[at] = (limits[at] ?? 0) + more;
    left -= more;
  }
  return limits;
}

function header(model: Progress, look: Look, now: number): string {
  const { style } = look;
  const elapsed = clock(now - model.since);
  const text = phase(model);
  const title = model.command || "maand";
  const room = Math.max(0, look.columns - 1 - widthOf(title) - widthOf(elapsed) - 1);
  const middle = padded(cut(text === "" ? "" : `: ${text}`, room, look.glyphs.dots), room);
  return row([[title, style.strong], [middle], [` ${elapsed}`, style.faint]], look);
}

/** `wave 2: api, web; 1 of 3 jobs; files on 6 of 64 workers`. */
function phase({ wave, waveJobs, files, connected, isStopping, jobs, underWay }: Progress): string {
  const { begun, done, failed } = files;
  const parts = [
    ...(isStopping ? ["stopping"] : []),
    ...(wave === 0 ? [] : [`wave ${wave}: ${some(waveJobs, 3)}`]),
    ...(jobs.size < 2 ? [] : [`${[...jobs.values()].filter(({ ended }) => ended).length} of ${jobs.size} jobs`]),
    ...(begun > done + failed ? [`files on ${done} of ${plural(begun, "worker")}`] : []),
    ...(wave === 0 && begun === 0 && connected > 0 ? [`${plural(connected, "worker")} connected`] : []),
  ];
  return parts.length === 0 && underWay.size === 0 && jobs.size === 0 ? "preparing" : parts.join("; ");
}

function footer({ isStopping, underWay, warnings }: Progress, look: Look): string[] {
  const { style, glyphs } = look;
  const rows: Part[][] = [];
  const count = [...warnings.values()].reduce((sum, times) => sum + times, 0);
  const last = [...warnings.keys()].at(-1);
  if (last !== undefined) rows.push([[`${glyphs.blocked} ${plural(count, "warning")}: `, style.warn], [clean(last)]]);
  if (isStopping) {
    const waits = underWay.size === 0 ? "saving state" : `waiting for ${plural(underWay.size, "step")}`;
    rows.push([[`stopping: ${waits}`, style.warn], ["; press Ctrl-C again to force"]]);
  }
  return rows.map((parts) => row(parts, look));
}
