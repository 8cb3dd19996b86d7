import { Fault } from "./fault.ts";
import { shortened } from "./text/characters.ts";
import { byteLength } from "./text/utf8.ts";

/** The parts of a {@link TemplateError}. */
export interface TemplateErrorParts {
  readonly kind: "parse" | "exec";
  readonly name: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly cause?: unknown;
}

/**
 * The only error that `parse` and `execute` throw. `kind` names the function that threw it. `name` is the name of the
 * template. `line` counts from 1 and `column` is the number of bytes before the position in its line, as in Go's
 * messages. `cause` is the error of a function in `funcs`.
 */
export class TemplateError extends Error {
  override readonly name: string;
  readonly kind: "parse" | "exec";
  readonly line: number;
  readonly column: number;

  constructor(parts: TemplateErrorParts) {
    super(parts.message, "cause" in parts ? { cause: parts.cause } : {});
    this.name = parts.name;
    this.kind = parts.kind;
    this.line = parts.line;
    this.column = parts.column;
  }
}

/** The parse error for any value thrown while `source` was parsed. */
export function parseError(name: string, source: string, thrown: unknown): TemplateError {
  const { line, column } = positionOf(source, thrown instanceof Fault ? (thrown.offset ?? 0) : 0);
  const message = `template: ${name}:${line}:${column}: ${reasonOf(thrown)}`;
  return new TemplateError({ kind: "parse", name, line, column, message, ...causeOf(thrown) });
}

/** The position of the execution: the position in `source`, and the template (`define`) being executed. */
export interface Place {
  readonly name: string;
  readonly source: string;
  readonly template: string;
  readonly span: { readonly pos: number; readonly start: number; readonly end: number };
}

/** The execution error for any value thrown at a place. */
export function execError(place: Place, thrown: unknown): TemplateError {
  const { name, source, span } = place;
  const { line, column } = positionOf(source, span.pos);
  const at = `executing "${place.template}" at <${shortened(source.slice(span.start, span.end))}>`;
  const message = `template: ${name}:${line}:${column}: ${at}: ${reasonOf(thrown)}`;
  return new TemplateError({ kind: "exec", name, line, column, message, ...causeOf(thrown) });
}

/** The message of any thrown value. */
export function reasonOf(thrown: unknown): string {
  if (isStackOverflow(thrown)) return "nested too deeply";
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return "an error without a message";
  }
}

function positionOf(source: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let next = source.indexOf("\n"); next >= 0 && next < offset; next = source.indexOf("\n", start)) {
    line++;
    start = next + 1;
  }
  return { line, column: byteLength(source.slice(start, offset)) };
}

function causeOf(thrown: unknown): { cause?: unknown } {
  if (!(thrown instanceof Fault)) return isStackOverflow(thrown) ? {} : { cause: thrown };
  return "cause" in thrown ? { cause: thrown.cause } : {};
}

function isStackOverflow(thrown: unknown): boolean {
  return thrown instanceof RangeError && thrown.message.includes("call stack");
}
