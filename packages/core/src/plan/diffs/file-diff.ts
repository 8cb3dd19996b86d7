import type { StructuredPatchHunk } from "diff";
import { type AccessedFile, fileMode, modeText, ownerChange } from "../../domain/deploy/file-access.ts";

/** One side of a changed file. */
export interface Side {
  readonly hash: string;
  /** The source of its mode, owner and group. */
  readonly file: AccessedFile;
  /** Size in bytes, if known. */
  readonly size: number | undefined;
  /** The text, or the reason why no text can be shown. */
  readonly content: { readonly text: string } | { readonly unseen: Unseen };
}

/** The reason why content is not compared line by line. */
export type Unseen = "binary" | "large" | "hidden" | "not kept";

/** Context lines around a change. */
const CONTEXT = 3;

/**
 * The largest number of changed lines for which the shortest diff is computed. With more changed lines, the whole file
 * is shown as replaced.
 */
const MAX_CHANGES = 4000;

/**
 * A unified diff of one file, with a header like that of git. One side is undefined for an added or deleted file.
 * Content that is binary, too large, or cannot be shown is described by size and digest.
 */
export async function fileDiff(path: string, before: Side | undefined, after: Side | undefined): Promise<string> {
  const lines = [`diff --git a/${path} b/${path}`, ...modeLines(before, after)];
  if (before?.hash === after?.hash) return ended(lines);
  const [old, now] = [before?.content ?? { text: "" }, after?.content ?? { text: "" }];
  if ("unseen" in old || "unseen" in now) {
    const why = "unseen" in old ? old.unseen : "unseen" in now ? now.unseen : "hidden";
    return ended([...lines, `${WHY[why]}: ${measure(before)} -> ${measure(after)}`]);
  }
  const hunks = await hunksOf(old.text, now.text);
  if (hunks.length === 0) return ended([...lines, `${WHY.hidden}: ${measure(before)} -> ${measure(after)}`]);
  return ended([
    ...lines,
    before ? `--- a/${path}` : "--- /dev/null",
    after ? `+++ b/${path}` : "+++ /dev/null",
    ...hunks.flatMap((hunk) => [hunkHead(hunk), ...hunk.lines]),
  ]);
}

const WHY: Readonly<Record<Unseen, string>> = {
  binary: "binary file",
  large: "too large to compare",
  hidden: "not shown because it contains a secret",
  "not kept": "the promoted content was not kept",
};

function ended(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function modeLines(before: Side | undefined, after: Side | undefined): string[] {
  if (!before) return [`new file mode ${modeOf(after)}`];
  if (!after) return [`deleted file mode ${modeOf(before)}`];
  const modes = modeOf(before) === modeOf(after) ? [] : [`old mode ${modeOf(before)}`, `new mode ${modeOf(after)}`];
  const owners = ownerChange(before.file, after.file);
  return owners === "" ? modes : [...modes, owners];
}

function modeOf(side: Side | undefined): string {
  return `10${modeText(side ? fileMode(side.file) : 0o644)}`;
}

function measure(side: Side | undefined): string {
  if (!side) return "nothing";
  const size = side.size === undefined ? "" : `${side.size} ${side.size === 1 ? "byte" : "bytes"}, `;
  return `${size}sha256 ${side.hash.slice(0, 12)}`;
}

type Hunk = StructuredPatchHunk;

async function hunksOf(before: string, after: string): Promise<Hunk[]> {
  if (before === after) return [];
  if (before === "" || after === "") return [replaced(before, after)];
  const { structuredPatch } = await import("diff");
  const patch = structuredPatch("", "", before, after, undefined, undefined, {
    context: CONTEXT,
    maxEditLength: MAX_CHANGES,
  });
  return patch?.hunks ?? [replaced(before, after)];
}

/**
 * Replaces all lines of one text with all lines of the other, for added and deleted files, and for texts with almost no
 * common lines.
 */
function replaced(before: string, after: string): Hunk {
  const [old, now] = [linesOf(before, "-"), linesOf(after, "+")];
  const count = (lines: readonly string[]) => lines.filter((line) => !line.startsWith("\\")).length;
  return { oldStart: 1, oldLines: count(old), newStart: 1, newLines: count(now), lines: [...old, ...now] };
}

function linesOf(text: string, sign: string): string[] {
  if (text === "") return [];
  const whole = text.endsWith("\n");
  const lines = (whole ? text.slice(0, -1) : text).split("\n").map((line) => `${sign}${line}`);
  return whole ? lines : [...lines, "\\ No newline at end of file"];
}

function hunkHead({ oldStart, oldLines, newStart, newLines }: Hunk): string {
  return `@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`;
}

/** A side without lines starts at the preceding line. */
function range(start: number, lines: number): string {
  return `${lines === 0 ? start - 1 : start},${lines}`;
}
