import leven from "leven";
import { trimmed } from "../checks/schema-notes.ts";

/** The grammar of every name in the workspace; a build refuses all others. */
const GRAMMAR = {
  job: {
    pattern: /^[a-z0-9][a-z0-9_-]{0,62}$/,
    description: "lower-case letters, digits, - and _, at most 63, beginning with a letter or digit",
  },
  command: { pattern: /^command_[a-z0-9_]+$/, description: "command_ followed by lower-case letters, digits and _" },
  port: { pattern: /^[a-z][a-z0-9_]*$/, description: "lower-case letters, digits and _, beginning with a letter" },
  cert: { pattern: /^[a-z][a-z0-9_]*$/, description: "lower-case letters, digits and _, beginning with a letter" },
  label: {
    pattern: /^[a-z0-9][a-z0-9_.-]*$/,
    description: "letters, digits, - . and _, beginning with a letter or digit",
  },
  target: {
    pattern: /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/,
    description: "letters, digits, - . and _, beginning with a letter or digit",
  },
} as const;

export type NameKind = keyof typeof GRAMMAR;

/**
 * Property names that every JavaScript object has. They would be lost as keys of a JSON file, so they are not valid
 * names.
 */
export const FORBIDDEN_NAMES: readonly string[] = ["__proto__", "constructor", "prototype"];

/** Whether a name matches the grammar of its kind. */
export function isName(kind: NameKind, name: string): boolean {
  return GRAMMAR[kind].pattern.test(name) && !FORBIDDEN_NAMES.includes(name);
}

/** Describes the grammar of a kind in words; it does not mention {@link FORBIDDEN_NAMES}. */
export function nameRule(kind: NameKind): string {
  return GRAMMAR[kind].description;
}

/** The grammar of a kind as a pattern for editors; it does not exclude {@link FORBIDDEN_NAMES}. */
export function namePattern(kind: NameKind): string {
  return GRAMMAR[kind].pattern.source;
}

/** Labels as users may write them: in upper or lower case, with surrounding spaces. */
export const WRITTEN_LABEL = trimmed(GRAMMAR.label.pattern.source.slice(1, -1).replaceAll("a-z", "a-zA-Z"));

/** Whether a name is the id of a run: a lower-case UUID. */
export function isRunId(name: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name);
}

/** A path on a worker as one line of text, without terminal control characters. */
export function shownPath(path: string): string {
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\"]/u.test(path) ? JSON.stringify(path).replace(HIDDEN, escapedUnit) : path;
}

/** Invisible characters that change how other characters are displayed. JSON does not escape them. */
const HIDDEN = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

function escapedUnit(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");
}

const IPV4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;
const DNS_LABEL = /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;

/**
 * A pattern for editors that matches the strings that {@link isHost} accepts, with or without surrounding spaces. For
 * IPv6, it checks only the characters.
 */
export const HOST_PATTERN = trimmed(
  `${IPV4.source.slice(1, -1)}|(?=.{1,254}\\s*$)(?![\\d.]+\\s*$)${DNS_LABEL.source.slice(1, -1)}(?:\\.${DNS_LABEL.source.slice(1, -1)})*\\.?|[\\da-fA-F]*:[\\da-fA-F:.]+`,
);

/** Whether a string is an IPv4 address. */
export function isIpv4(text: string): boolean {
  return IPV4.test(text);
}

/**
 * Whether a string is an IPv6 address: up to eight groups, at most one `::`, and optionally an IPv4 address at the end.
 */
export function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2 || !text.includes(":")) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const dotted = isIpv4(text.slice(text.lastIndexOf(":") + 1));
  const plain = dotted ? groups.slice(0, -1) : groups;
  const count = plain.length + (dotted ? 2 : 0);
  return plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) && (halves.length === 2 ? count < 8 : count === 8);
}

/** Whether a string can name a worker: an IPv4 or IPv6 address, or a DNS name. */
export function isHost(text: string): boolean {
  if (text.includes(":")) return isIpv6(text);
  if (/^[\d.]+$/.test(text)) return isIpv4(text);
  const name = text.replace(/\.$/, "");
  return name.length <= 253 && name.split(".").every((label) => DNS_LABEL.test(label));
}

/** The known word that was probably meant by a mistyped word; undefined if no known word is similar. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = word.length < 4 ? 2 : Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = leven(word.toLowerCase(), candidate.toLowerCase(), { maxDistance: least });
    if (distance >= least) continue;
    best = candidate;
    least = distance;
  }
  return best;
}

/** `did you mean "x"?`, or undefined if no word is similar. */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  const near = nearest(word, known);
  return near === undefined ? undefined : `did you mean "${near}"?`;
}
