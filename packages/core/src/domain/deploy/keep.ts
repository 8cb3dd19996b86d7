import { trimmed } from "../checks/schema-notes.ts";

/** The pattern of {@link isKeepPattern} for editors. */
export const KEEP_PATTERN = trimmed(
  String.raw`(?!\.{1,2}(?:/|\s*$))[^\s/\\[\]](?:[^/\\[\]]|/(?!\.{1,2}(?:/|\s*$))(?!/))*`,
);

/**
 * Whether a `keep` pattern is valid: a name such as `*.pid`, or a path relative to the job's directory such as `run/`
 * or `cache/*.db`. `*` and `?` match within one name. There are no other rules, so that every transport can implement
 * the patterns.
 */
export function isKeepPattern(pattern: string): boolean {
  const text = pattern.trim().replace(/\/$/, "");
  return !/[\\[\]]/.test(text) && text.split("/").every((name) => name !== "" && name !== "." && name !== "..");
}

/**
 * A regular expression, for JavaScript and Python, that matches the paths in a job's directory that the `keep` patterns
 * protect: each match and everything in it. A pattern without `/` matches a name at any depth. A pattern with `/`
 * matches a path from the top of the directory.
 */
export function keepExpression(patterns: readonly string[]): string {
  const each = patterns.map((pattern) => {
    const text = pattern.trim().replace(/\/$/, "");
    const plain = text.replace(/[$()*+.?^{|}]/g, (sign) =>
      sign === "*" ? "[^/]*" : sign === "?" ? "[^/]" : `\\${sign}`,
    );
    return pattern.trim().includes("/") ? plain : `(?:.*/)?${plain}`;
  });
  return `^(?:${each.join("|")})(?:/.*)?$`;
}
