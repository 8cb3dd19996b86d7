import { plural, type Style } from "@maand/command";
import type { PlanDiffs, PlannedJob } from "@maand/core/internal";
import type { ReleaseDiff } from "../../releases/diff-releases.ts";

/** The number of characters shown per line. */
const LONGEST_LINE = 2000;

/**
 * The diffs of a job as text, by path. A file that changes in the same way on several workers appears once, with these
 * workers.
 */
export function diffLines({ allocations }: PlannedJob, diffs: PlanDiffs, style: Style): string[] {
  const paths = new Map<string, Map<string, string[]>>();
  for (const { allocation } of allocations) {
    for (const { path, diff } of diffs.get(allocation.id) ?? []) {
      const ways = paths.get(path) ?? new Map<string, string[]>();
      paths.set(path, ways);
      ways.set(diff, [...(ways.get(diff) ?? []), allocation.host]);
    }
  }
  return [...paths]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([path, ways]) =>
      [...ways].flatMap(([diff, hosts]) => ["", heading(path, hosts, style), ...painted(diff, style)]),
    );
}

/** The diff between two releases as text, by path. */
export function releaseDiffLines({ job, from, to, files }: ReleaseDiff, style: Style): string[] {
  const count = plural(files.length, "file");
  return [
    `${style.strong(job)}: ${count} changed from ${from} to ${to}`,
    ...files.flatMap(({ path, diff }) => ["", `    ${style.strong(visible(path))}`, ...painted(diff, style)]),
  ];
}

function heading(path: string, [first = "", ...others]: readonly string[], style: Style): string {
  const same = others.length === 0 ? "" : `, same on ${plural(others.length, "more worker")}`;
  return `    ${style.strong(visible(path))} on ${first}${style.faint(same)}`;
}

/** The diff without the line that names the file, because the heading names it. */
function painted(diff: string, style: Style): string[] {
  const lines = diff.replace(/\n$/, "").split("\n").slice(1);
  return lines.map((line) => `    ${paint(cut(visible(line)), style)}`);
}

function paint(line: string, style: Style): string {
  if (/^(---|\+\+\+) /.test(line)) return style.faint(line);
  if (line.startsWith("+")) return style.good(line);
  if (line.startsWith("-")) return style.bad(line);
  return line.startsWith(" ") ? line : style.faint(line);
}

function cut(line: string): string {
  if (line.length <= LONGEST_LINE) return line;
  return `${line.slice(0, LONGEST_LINE)} ... ${plural(line.length - LONGEST_LINE, "more character")}`;
}

/** Shows control characters as escapes, such as `\x1b`; tabs are kept. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (found) => {
    if (found === "\t") return found;
    if (found === "\r") return "\\r";
    const code = found.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}
