import { clock, type Glyphs, type Look, type Part, row, type Section } from "./look.ts";
import type { JobProgress, JobState, Progress } from "./model.ts";
import { cut, padded, widthOf } from "./text-width.ts";

/**
 * A row per job: its state, a bar, counts, its current work, and its time. If there are too many jobs, shows the
 * most important jobs.
 */
export function jobRows({ jobs }: Progress, look: Look, now: number): Section {
  const all = [...jobs.values()];
  return {
    wanted: all.length,
    rows(limit) {
      if (limit === 0) return [];
      const shown = all.length <= limit ? all : chosen(all, limit - 1);
      const width = Math.min(Math.max(...shown.map(({ name }) => widthOf(name)), 4), Math.floor(look.columns / 3));
      const counts = Math.max(...shown.map((job) => widthOf(countOf(job))));
      const rows = shown.map((job) => jobRow(job, { width, counts }, look, now));
      const hidden = all.filter((job) => !shown.includes(job));
      return hidden.length === 0 ? rows : [...rows, row([[`  ${rest(hidden)}`, look.style.faint]], look)];
    },
  };
}

/** The states, the most important one first. */
const ORDER: readonly JobState[] = ["failed", "reverting", "running", "reverted", "paused", "blocked", "waiting", "ok"];

/** The most important jobs, in their original order. */
function chosen(all: readonly JobProgress[], count: number): JobProgress[] {
  const ranked = [...all].sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state));
  const kept = new Set(ranked.slice(0, count));
  return all.filter((job) => kept.has(job));
}

/** `and 12 more jobs: 8 done, 4 waiting`. */
function rest(hidden: readonly JobProgress[]): string {
  const counts = ORDER.flatMap((state) => {
    const count = hidden.filter((job) => job.state === state).length;
    return count === 0 ? [] : [`${count} ${state === "ok" ? "done" : state}`];
  });
  return `and ${hidden.length} more jobs: ${counts.join(", ")}`;
}

/** The width of bars by the width of the terminal. */
function barWidth(columns: number): number {
  if (columns < 50) return 6;
  if (columns < 100) return 12;
  return columns < 160 ? 20 : 30;
}

function jobRow(
  job: JobProgress,
  { width, counts }: { readonly width: number; readonly counts: number },
  look: Look,
  now: number,
): string {
  const { style, columns, glyphs } = look;
  const paint = paintOf(job.state, look);
  const took = job.since === undefined ? "" : clock((job.ended ?? now) - job.since);
  const bad = job.failed > 0 ? `${job.failed} failed` : "";
  const note = [bad, job.note].filter((text) => text !== "").join(", ");
  const used = 2 + width + 1 + barWidth(columns) + 1 + counts + 1;
  const room = Math.max(0, columns - 1 - used - widthOf(took) - 1);
  const parts: Part[] = [
    [`${symbol(job.state, glyphs)} `, paint],
    [padded(cut(job.name, width, glyphs.dots), width), job.state === "waiting" ? style.faint : style.strong],
    [" "],
    ...bar(job, barWidth(columns), look),
    [` ${padded(countOf(job), counts)} `],
    [padded(cut(note, room, glyphs.dots), room), job.failed > 0 ? style.bad : undefined],
    [` ${took}`, style.faint],
  ];
  return row(parts, look).trimEnd();
}

function countOf({ done, failed, total, state }: JobProgress): string {
  const ended = done + failed;
  if (total > 0) return `${Math.min(ended, total)}/${total}`;
  return ended > 0 || state === "running" ? String(ended) : "";
}

/** Done, failed and remaining parts, each with its own character. */
function bar({ done, failed, total }: JobProgress, width: number, { glyphs, style }: Look): Part[] {
  if (total === 0) return [[" ".repeat(width)]];
  const bad = failed === 0 ? 0 : Math.max(1, Math.round((Math.min(failed, total) / total) * width));
  const good = Math.min(width - bad, Math.floor((Math.min(done, total) / total) * width));
  return [
    [glyphs.full.repeat(good), style.good],
    [glyphs.failed.repeat(bad), style.bad],
    [glyphs.empty.repeat(width - good - bad), style.faint],
  ];
}

function symbol(state: JobState, glyphs: Glyphs): string {
  switch (state) {
    case "ok":
      return glyphs.ok;
    case "failed":
      return glyphs.failed;
    case "running":
      return glyphs.running;
    case "paused":
      return glyphs.paused;
    case "waiting":
      return glyphs.waiting;
    default:
      return glyphs.blocked;
  }
}

function paintOf(state: JobState, { style }: Look): ((text: string) => string) | undefined {
  if (state === "ok") return style.good;
  if (state === "failed") return style.bad;
  if (state === "waiting") return style.faint;
  return state === "running" ? undefined : style.warn;
}
