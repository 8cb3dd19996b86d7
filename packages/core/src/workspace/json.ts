import { lineAndColumn, reportDuplicateKeys } from "../domain/checks/duplicate-keys.ts";
import { error, type Report } from "../domain/checks/problem.ts";

/**
 * Parses user-written JSON. On a syntax error, reports the line and column and returns undefined. Duplicate keys are
 * also reported.
 */
export function parseJson(text: string, file: string, code: string, report: Report): unknown {
  const plain = text.replace(/^\uFEFF/, "");
  let value: unknown;
  try {
    value = JSON.parse(plain);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const place = lineAndColumn(plain, positionIn(plain, message));
    report(
      error(
        code,
        `${file}:${place}`,
        `is not JSON: ${reason(message)}`,
        "look for a missing comma, quote or bracket just before this position; JSON has no comments and no comma at the end",
      ),
    );
    return undefined;
  }
  reportDuplicateKeys(plain, { file, code }, report);
  return value;
}

/**
 * The position of a syntax error. Node reports no position for an unexpected token, so this searches for the shortest
 * prefix with the error.
 */
function positionIn(text: string, message: string): number {
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return Number(position);
  if (!hasUnexpectedToken(text)) return text.length;
  let [sound, broken] = [0, text.length];
  while (broken - sound > 1) {
    const middle = (sound + broken) >> 1;
    if (hasUnexpectedToken(text.slice(0, middle))) broken = middle;
    else sound = middle;
  }
  return sound;
}

function hasUnexpectedToken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (cause) {
    return cause instanceof Error && cause.message.startsWith("Unexpected token");
  }
}

function reason(message: string): string {
  return message
    .replace(/ in JSON at position \d+.*$/s, "")
    .replace(/, (\.\.\.)?".*"(\.\.\.)? is not valid JSON$/s, "")
    .replace(/ \(line \d+ column \d+\)$/, "");
}
