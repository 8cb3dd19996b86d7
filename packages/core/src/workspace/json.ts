import { error, type Report } from "../domain/problem.ts";

/** Parses JSON somebody wrote; reports where it breaks, by line and column, and answers undefined then. */
export function parseJson(text: string, file: string, code: string, report: Report): unknown {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    return value;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const at = /at position (\d+)/.exec(message)?.[1];
    const place = at === undefined ? endOf(text) : lineAndColumn(text, Number(at));
    report(
      error(
        code,
        `${file}:${place}`,
        `is not JSON: ${reason(message)}`,
        "look for a missing comma, quote or bracket just before that place; JSON has no comments and no comma at the end",
      ),
    );
    return undefined;
  }
}

function reason(message: string): string {
  return message
    .replace(/ in JSON at position \d+.*$/s, "")
    .replace(/, ".*" is not valid JSON$/s, "")
    .replace(/ \(line \d+ column \d+\)$/, "");
}

function lineAndColumn(text: string, position: number): string {
  const before = text.slice(0, position).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

function endOf(text: string): string {
  return lineAndColumn(text, text.length);
}
