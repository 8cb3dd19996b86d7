import { reveal, type Secret } from "./secret.ts";

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * Quotes one word of a POSIX shell line. All shell quoting of the project is in this file. It is needed because ssh
 * sends a line instead of an argument list.
 */
export function quote(word: string): string {
  if (word.includes("\0")) throw new TypeError("an argument cannot contain a NUL byte");
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** An argument list as an equivalent shell line; it contains secrets in clear text, so never log it. */
export function shellLine(argv: readonly (string | Secret)[]): string {
  return argv.map((word) => quote(reveal(word))).join(" ");
}

/**
 * Words that every login shell leaves unchanged. The first character is restricted because zsh expands `=word` and fish
 * `%word`.
 */
const PLAIN_ANYWHERE = /^[A-Za-z0-9_@+:,./-][A-Za-z0-9_@%+=:,./-]*$/;
/** Decodes its argument to a POSIX shell line, and runs it. */
const DECODE = `sh -c 'eval "$(printf %b "$1")"' sh`;

/**
 * A line with which any login shell (sh, bash, zsh, ksh, csh, tcsh, fish) replaces itself with exactly this command.
 * Inside single quotes csh still interprets `!` and fish `\`, so these are placed outside the quotes. csh accepts no
 * line break in a word, and not every shell accepts non-ASCII bytes: a command with either is sent as a POSIX line in
 * octal.
 */
export function loginShellLine(argv: readonly (string | Secret)[]): string {
  const words = argv.map(reveal);
  const line = shellLine(words);
  if (/^[ -~]*$/.test(line)) return `exec ${words.map(quoteAnywhere).join(" ")}`;
  if (lastInOctal.line !== line) lastInOctal = { line, encoded: inOctal(line) };
  return lastInOctal.encoded;
}

/** The last result of {@link inOctal}, because all workers of a run get the same long command. */
let lastInOctal = { line: "", encoded: "" };

function inOctal(line: string): string {
  const encoded = Buffer.from(`exec ${line}`)
    .toString("latin1")
    .replace(/[^ -~]|\\/g, (byte) => `\\0${byte.charCodeAt(0).toString(8).padStart(3, "0")}`);
  return `exec ${DECODE} ${quoteAnywhere(encoded)}`;
}

/** Quotes one word for any login shell. */
function quoteAnywhere(word: string): string {
  if (PLAIN_ANYWHERE.test(word)) return word;
  if (word === "") return "''";
  const parts = word.match(/[\\!']|[^\\!']+/g) ?? [];
  return parts.map((part) => (/^[\\!']$/.test(part) ? `\\${part}` : `'${part}'`)).join("");
}

/** The name of a command in messages: its title, or its words. */
export function titleOf(argv: readonly (string | Secret)[], { title }: { readonly title?: string } = {}): string {
  return title ?? readable(argv);
}

/** An argument list for messages: secrets masked, white space collapsed, truncated to 200 characters. */
export function readable(argv: readonly (string | Secret)[]): string {
  const text = argv
    .map((word) => quote(String(word)))
    .join(" ")
    .replace(/\s+/g, " ");
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}
