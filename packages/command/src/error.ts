import type { Writable } from "node:stream";
import { isMaandError, type MaandError, type Problem } from "@maand/core/readonly";
import { EXIT } from "./context.ts";
import { visible, visibleLines } from "./escape-control.ts";
import { plural } from "./quantities.ts";
import type { Style } from "./style.ts";

interface Place {
  readonly json: boolean;
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly style: Style;
}

/** The exit code of an error. */
export function exitOf(cause: unknown): number {
  if (!isMaandError(cause)) return EXIT.failed;
  switch (cause.code) {
    case "BUSY":
      return EXIT.busy;
    case "INTERRUPTED":
      return EXIT.interrupted;
    case "PLAN_STALE":
      return EXIT.stale;
    case "NOT_A_BUCKET":
    case "BUCKET_EXISTS":
    case "STORE_NEWER":
    case "PROBLEMS":
    case "CONFIG_INVALID":
    case "PLUGIN_INVALID":
    case "USAGE":
    case "NOT_FOUND":
    case "NOT_PERMITTED":
    case "NOT_A_STORE":
    case "BUCKET_NOT_TRUSTED":
    case "NO_ACCESS":
    case "OTHER_COPY":
    case "PLAN_INVALID":
    case "NOT_CONFIRMED":
      return EXIT.refused;
    default:
      return cause.refused ? EXIT.refused : EXIT.failed;
  }
}

/** Prints an error: as text on stderr, and with `json` as one object on stdout. Never prints a stack trace. */
export function printError(cause: unknown, { json, stdout, stderr, style }: Place): void {
  const error = isMaandError(cause) ? cause : undefined;
  const message = cause instanceof Error ? cause.message : String(cause);
  const problems = error?.problems ?? [];
  if (json)
    stdout.write(
      `${JSON.stringify({ error: { code: error?.code ?? "SYSTEM", message, hint: error?.hint ?? null, problems: problems.map(record) } })}\n`,
    );
  // hints that the problem lines already show are not repeated at the end
  const listed = problems.length > 1 && problems.every((problem) => message.includes(problem.message));
  stderr.write(`${style.bad("maand:")} ${listed ? plural(problems.length, "problem") : visibleLines(message)}\n`);
  const fresh = problems.map((problem) => withoutHint(problem, error?.hint));
  const [only] = fresh;
  if (problems.length === 1 && only && message.includes(only.message)) printHint(only.hint, stderr, style);
  else printProblems(fresh, stderr, style);
  for (const line of error?.output ?? []) stderr.write(`  ${style.faint("|")} ${visible(line)}\n`);
  printHint(error?.hint, stderr, style);
  const page = error && stderr.isTTY === true ? pageOf(error) : undefined;
  if (page !== undefined) stderr.write(`  ${style.faint("more:")} maand explain ${page}\n`);
}

/** Codes whose message and hint need no further explanation. */
const PLAIN: ReadonlySet<string> = new Set(["USAGE", "INTERRUPTED", "NOT_FOUND", "NOT_CONFIRMED", "UNEXPECTED"]);

/** The code that `maand explain` describes; codes of plugins have no page. */
function pageOf({ code, problems }: MaandError): string | undefined {
  const found = code === "PROBLEMS" ? problems[0]?.code : code;
  return found === undefined || PLAIN.has(found) || found.includes("/") ? undefined : found;
}

function withoutHint(problem: Problem, output: string | undefined): Problem {
  if (problem.hint === undefined || !output?.includes(problem.hint)) return problem;
  const { hint: _, ...rest } = problem;
  return rest;
}

function printHint(hint: string | undefined, stderr: Writable, style: Style): void {
  if (hint !== undefined) stderr.write(`  ${style.faint("hint:")} ${visibleLines(hint)}\n`);
}

/** Prints problems, each with its location and hint. */
export function printProblems(problems: readonly Problem[], stderr: Writable, style: Style): void {
  for (const problem of problems) {
    const { level, message, hint } = problem;
    const mark = level === "error" ? style.bad("error") : style.warn("warning");
    stderr.write(`  ${mark} ${style.strong(visible(placeOf(problem)))}: ${visibleLines(message)}\n`);
    if (hint !== undefined) stderr.write(`        ${style.faint(visibleLines(hint))}\n`);
  }
}

/** File, line and key: `workspace/workers.json:3: [0].host`. */
function placeOf({ where, line }: Problem): string {
  return line === undefined ? where : where.replace(": ", `:${line}: `);
}

function record({ code, where, line, message, hint }: Problem) {
  return { code, where, line: line ?? null, message, hint: hint ?? null };
}
