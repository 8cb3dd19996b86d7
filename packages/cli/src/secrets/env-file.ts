import { isSecretKey, SECRET_KEY_RULE } from "@maand/core/internal";

/** Why a `.env` file is refused. The message contains no part of a value. */
export interface EnvProblem {
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** A `.env` file as read. */
export interface EnvFile {
  readonly entries: ReadonlyMap<string, string>;
  /** Entries with a problem are not among `entries`. */
  readonly problems: readonly EnvProblem[];
}

const ASSIGNMENT = /^(?:export[ \t]+)?([^\s=#'"]+)=(.*)$/s;
/** An unquoted value that shells and dotenv libraries interpret in the same way. */
const PLAIN = /^[^\s'"`$\\#]+$/;
const QUOTE_IT = "write the value in single quotes, or set it with maand secret set";

/**
 * Reads a `.env` file: lines `KEY=value`, with an optional `export`, empty lines and lines that begin with `#`. A value
 * is plain, in single quotes (everything up to the next single quote, including newlines), or in double quotes without
 * a backslash, `$` or backtick. Anything that shells and dotenv libraries interpret differently is a problem. Nothing
 * is expanded or run.
 */
export function parseEnvFile(text: string): EnvFile {
  const entries = new Map<string, string>();
  const problems: EnvProblem[] = [];
  if (text.startsWith("\uFEFF")) return refused(1, "begins with a byte order mark; save the file without it");
  if (text.includes("\r"))
    return refused(lineAt(text, text.indexOf("\r")), "has a Windows line ending; convert the file");
  let at = 0;
  while (at < text.length) {
    const line = lineAt(text, at);
    const read = readEntry(text, at);
    if ("problem" in read) problems.push({ line, message: read.problem });
    else if (read.key !== undefined) {
      if (entries.has(read.key)) problems.push({ line, message: `${read.key} is set twice` });
      entries.set(read.key, read.value);
    }
    at = read.next;
  }
  return { entries, problems };
}

type Read =
  | { readonly next: number; readonly problem: string }
  | { readonly next: number; readonly key: string; readonly value: string }
  | { readonly next: number; readonly key?: undefined };

function readEntry(text: string, at: number): Read {
  const end = endOfLine(text, at);
  const line = text.slice(at, end);
  const next = end + 1;
  if (/^[ \t]*(#|$)/.test(line)) return { next };
  const [, key, rest] = ASSIGNMENT.exec(line) ?? [];
  if (key === undefined || rest === undefined) return { next, problem: "is not KEY=value" };
  if (!isSecretKey(key)) return { next, problem: `has a key that is not ${SECRET_KEY_RULE}` };
  const quote = rest[0];
  if (quote === "'" || quote === '"') return readQuoted(text, { at: end - rest.length, quote, key });
  if (rest === "") return { next, problem: `${key} has no value` };
  if (PLAIN.test(rest)) return { next, key, value: rest };
  return { next, problem: `the value of ${key} is ambiguous without quotes: ${QUOTE_IT}` };
}

interface Quoted {
  /** The offset of the opening quote. */
  readonly at: number;
  readonly quote: "'" | '"';
  readonly key: string;
}

function readQuoted(text: string, { at, quote, key }: Quoted): Read {
  const close = text.indexOf(quote, at + 1);
  if (close === -1) return { next: text.length, problem: `the quotes of ${key} are not closed` };
  const end = endOfLine(text, close);
  const next = end + 1;
  const value = text.slice(at + 1, close);
  if (!/^[ \t]*$/.test(text.slice(close + 1, end)))
    return { next, problem: `something follows the quotes of ${key}: ${QUOTE_IT}` };
  if (value === "") return { next, problem: `${key} has no value` };
  if (quote === '"' && /[\\$`]/.test(value))
    return { next, problem: `the value of ${key} has \\, $ or \` in double quotes: ${QUOTE_IT}` };
  return { next, key, value };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}

function refused(line: number, message: string): EnvFile {
  return { entries: new Map(), problems: [{ line, message }] };
}
