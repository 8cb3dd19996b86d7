import { reveal, type Secret } from "./secret.ts";

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One word of a POSIX shell line. The only shell quoting of the project: ssh sends a line, not an argument list. */
export function quote(word: string): string {
  if (word.includes("\0")) throw new TypeError("an argument cannot hold a NUL byte");
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** An argument list as a shell line that means exactly that list; secrets are in clear, so never log it. */
export function shellLine(argv: readonly (string | Secret)[]): string {
  return argv.map((word) => quote(reveal(word))).join(" ");
}

/** An argument list as a person may read it: secrets as dots, blanks collapsed, cut at 200 characters. */
export function readable(argv: readonly (string | Secret)[]): string {
  const text = argv
    .map((word) => quote(String(word)))
    .join(" ")
    .replace(/\s+/g, " ");
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}
