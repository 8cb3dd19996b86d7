import { trimmed } from "../checks/schema-notes.ts";

/** What {@link isKeepPattern} takes, as a pattern for editors. */
export const KEEP_PATTERN = trimmed(
  String.raw`(?!\.{1,2}(?:/|\s*$))[^\s/\\[\]](?:[^/\\[\]]|/(?!\.{1,2}(?:/|\s*$))(?!/))*`,
);

/**
 * Whether a pattern of `keep` is one: a name such as `*.pid`, or a path from the job's directory such as `run/` or
 * `cache/*.db`. `*` and `?` stay within a name; there is nothing else to learn, so that every transport can keep to it.
 */
export function isKeepPattern(pattern: string): boolean {
  const text = pattern.trim().replace(/\/$/, "");
  return !/[\\[\]]/.test(text) && text.split("/").every((name) => name !== "" && name !== "." && name !== "..");
}

/**
 * A regular expression, for JavaScript and Python alike, that matches paths below a job's directory which `keep` of its
 * manifest protects: what a pattern matches, and all below it. A name is looked for at any depth, a path from the top.
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
