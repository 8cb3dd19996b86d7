import { parse } from "smol-toml";
import { error, type Report } from "../domain/checks/problem.ts";
import { CONTROL_CHARACTER, type Place, quoted, shown } from "../domain/checks/validate.ts";
import { readText } from "./read-text.ts";

/** A TOML file as a table; empty if the file is missing, or after a problem. */
export function readToml(at: string, { file, code }: Place, report: Report): Record<string, unknown> {
  const text = readText(at, { file, code }, report);
  if (text === undefined) return {};
  try {
    return parse(text);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const line = cause instanceof Error && "line" in cause ? `:${String(cause.line)}` : "";
    report(error(code, `${file}${line}`, message.split("\n")[0] ?? message, 'it is TOML: key = "value"'));
    return {};
  }
}

/** The strings of a table, by key; other values are reported. */
export function textsOf(
  table: Readonly<Record<string, unknown>>,
  { file, code, key: parent = "" }: Place,
  report: Report,
): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(table)) {
    const where = `${file}: ${quotedPlain(parent === "" ? key : `${parent}.${key}`)}`;
    if (typeof value === "string" && !CONTROL_CHARACTER.test(value + key)) texts.set(key, value);
    else if (typeof value === "string") {
      const message = `${shown(CONTROL_CHARACTER.test(value) ? value : key)} contains a control character, such as an escape code`;
      report(error(code, where, message, "write it as plain text"));
    } else {
      report(error(code, where, "must be a string", hintFor(key, value)));
    }
  }
  return texts;
}

function hintFor(key: string, value: unknown): string {
  return typeof value === "object" ? "write one quoted string per key" : `write ${key} = "${String(value)}"`;
}

/** A key without terminal control characters. */
function quotedPlain(key: string): string {
  return CONTROL_CHARACTER.test(key) ? quoted(key) : key;
}
