import { reveal, type Secret } from "./secret.ts";

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * One word of a POSIX shell line. The only shell quoting in the project, because ssh sends a line and not an argument list.
 */
export function quote(word: string): string {
  if (word.includes("\0")) throw new TypeError("an argument cannot hold a NUL byte");
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** An argument list as an equivalent shell line; it contains secrets in clear text, so never log it. */
export function shellLine(argv: readonly (string | Secret)[]): string {
  return argv.map((word) => quote(reveal(word))).join(" ");
}

/** An argument list for people: secrets masked, white space collapsed, cut at 200 characters. */
export function readable(argv: readonly (string | Secret)[]): string {
  const text = argv
    .map((word) => quote(String(word)))
    .join(" ")
    .replace(/\s+/g, " ");
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}
