import { error, type Problem, type Report } from "@maand/core";
import type * as v from "valibot";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";

/** A parsed YAML file, with the positions of its values. */
export interface YamlFile {
  /** The file, as named in problems. */
  readonly where: string;
  readonly document: Document;
  readonly value: unknown;
  /** The problem of the value at a path. */
  problem(path: readonly unknown[], message: string, hint?: string): Problem;
}

/** A text to read as YAML. */
export interface YamlText {
  readonly text: string;
  /** The file, as named in problems. */
  readonly where: string;
  /** The code of its problems. */
  readonly code: string;
  /** Whether it was rendered, so that its line numbers differ from the file on disk. */
  readonly rendered?: boolean;
}

/** The YAML version that Prometheus uses, in which `yes` is a boolean. */
export const YAML_VERSION = "1.1";

/** Reads a YAML text. All problems are reported; the result is then undefined. */
export function readYaml({ text, where, code, rendered = false }: YamlText, report: Report): YamlFile | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: YAML_VERSION });
  const at = (problem: Problem, line: number | undefined) =>
    rendered || line === undefined ? problem : { ...problem, line };
  for (const { message, pos } of document.errors)
    report(at(error(code, where, `is not valid YAML: ${message}`), lines.linePos(pos[0]).line));
  if (document.errors.length > 0) return undefined;
  const problem: YamlFile["problem"] = (path, message, hint) => {
    const key = keyOf(path);
    const place = key === "" ? where : `${where}: ${key}`;
    return at(error(code, place, message, hint), lineAt(document, lines, path));
  };
  const value = plainValue(document);
  if (!isFlawed(value)) return { where, document, value: value.value, problem };
  report(error(code, where, `cannot be read: ${value.reason}`, "remove anchors that contain themselves"));
  return undefined;
}

type Value = { readonly value: unknown } | { readonly reason: string };

function isFlawed(value: Value): value is { readonly reason: string } {
  return "reason" in value;
}

/** The plain value; anchors that would expand endlessly are refused. */
function plainValue(document: Document): Value {
  try {
    const value: unknown = document.toJS();
    JSON.stringify(value);
    return { value };
  } catch (cause) {
    return { reason: cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause) };
  }
}

/** The problems that a schema found in a file, each with its line. */
export function schemaProblems(file: YamlFile, issues: readonly v.BaseIssue<unknown>[]): readonly Problem[] {
  return issues.map(({ path, message, received }) =>
    file.problem(
      (path ?? []).map(({ key }) => key),
      received === "undefined" ? "is missing" : message,
    ),
  );
}

/** The line of the nearest existing value on the way to a path. */
function lineAt(document: Document, lines: LineCounter, path: readonly unknown[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

/** `[0].static_configs[1].targets`. */
function keyOf(path: readonly unknown[]): string {
  const parts = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
  return parts.join("").replace(/^\./, "");
}
