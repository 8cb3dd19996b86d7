import { trimmed } from "../checks/schema-notes.ts";

/**
 * Compiles a pattern of `restart_globs` or `files`; undefined if the pattern is invalid. Paths are relative to the
 * job's directory, with `/`. maand has its own implementation because no library has these rules: a pattern without
 * `/` matches a file name at any depth, `a**b` crosses directories, and `p/**` also matches `p`.
 */
export function compileGlob(pattern: string): ((path: string) => boolean) | undefined {
  const text = pattern.trim();
  if (text === "") return undefined;
  const whole = matcher(text);
  if (!whole) return undefined;
  if (text.endsWith("/")) return insideDirectory(matcher(text.slice(0, -1)));
  if (text.endsWith("/**")) return insideDirectory(matcher(text.slice(0, -3)));
  if (text.includes("/")) return whole;
  return (path) => whole(baseName(path)) || whole(path);
}

const CLASS = String.raw`\[(?:\^(?:\\[\s\S]|[^\]\\])+|(?!\^)(?:\\[\s\S]|[^\]\\])+)\]`;

/**
 * A pattern for editors that matches what {@link isGlob} accepts, except that it does not check the order in `[a-z]`.
 */
export const GLOB_PATTERN = trimmed(String.raw`(?:[^\s\\[]|\\[\s\S]|${CLASS})(?:[^\\[]|\\[\s\S]|${CLASS})*`);

/** Whether a pattern is valid: not empty, classes closed, no trailing backslash. */
export function isGlob(pattern: string): boolean {
  return compileGlob(pattern) !== undefined;
}

/** The paths that match any of the patterns, in the given order, without duplicates. Invalid patterns match nothing. */
export function matchGlobs(patterns: readonly string[], paths: readonly string[]): string[] {
  const tests = patterns.map(compileGlob).filter((test) => test !== undefined);
  return paths.filter((path) => tests.some((test) => test(path)));
}

type Matcher = (path: string) => boolean;

function insideDirectory(directory: Matcher | undefined): Matcher | undefined {
  return directory && ((path) => prefixes(path).some(directory));
}

/** `a/b/c` -> `a`, `a/b`, `a/b/c`. */
function prefixes(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** One part of a pattern: it matches one character, any number of characters, or directories up to their `/`. */
interface Piece {
  readonly takes: (character: string) => boolean;
  readonly repeats: "once" | "any" | "directories";
  readonly length: number;
}

/** Tests a whole path; undefined if the pattern is invalid. */
function matcher(pattern: string): Matcher | undefined {
  const characters = [...pattern];
  const pieces: Piece[] = [];
  for (let at = 0; at < characters.length; ) {
    const piece = nextPiece(characters, at);
    if (!piece) return undefined;
    pieces.push(piece);
    at += piece.length;
  }
  return (path) => matches(pieces, path);
}

const notSlash = (character: string) => character !== "/";
const anything = () => true;

function nextPiece(pattern: readonly string[], at: number): Piece | undefined {
  const character = pattern[at] ?? "";
  if (character === "*") return starsPiece(pattern, at);
  if (character === "?") return { takes: notSlash, repeats: "once", length: 1 };
  if (character === "[") return classPiece(pattern, at);
  if (character !== "\\") return { takes: (one) => one === character, repeats: "once", length: 1 };
  const escaped = pattern[at + 1];
  return escaped === undefined ? undefined : { takes: (one) => one === escaped, repeats: "once", length: 2 };
}

/**
 * `*` matches within a directory, `**` across directories. `**` and the `/` after it match any number of whole
 * directories, or nothing, if `**` is at the start of the pattern or after a `/`.
 */
function starsPiece(pattern: readonly string[], at: number): Piece {
  let stars = 1;
  while (pattern[at + stars] === "*") stars += 1;
  if (stars === 1) return { takes: notSlash, repeats: "any", length: 1 };
  const alone = pattern[at + stars] === "/" && (at === 0 || pattern[at - 1] === "/");
  return { takes: anything, repeats: alone ? "directories" : "any", length: alone ? stars + 1 : stars };
}

/** `[abc]`, `[a-z]`, `[^0-9]`; no class matches `/`. */
function classPiece(pattern: readonly string[], at: number): Piece | undefined {
  let next = at + 1;
  const negated = pattern[next] === "^";
  if (negated) next += 1;
  const ranges: { readonly from: string; readonly to: string }[] = [];
  while (pattern[next] !== "]") {
    const from = classCharacter(pattern, next);
    if (!from) return undefined;
    next += from.length;
    const ranged = pattern[next] === "-" && pattern[next + 1] !== "]";
    const to = ranged ? classCharacter(pattern, next + 1) : from;
    if (!to || compare(from.character, to.character) > 0) return undefined;
    if (ranged) next += 1 + to.length;
    ranges.push({ from: from.character, to: to.character });
  }
  if (ranges.length === 0) return undefined;
  const listed = (one: string) => ranges.some(({ from, to }) => compare(from, one) <= 0 && compare(one, to) <= 0);
  return { takes: (one) => one !== "/" && listed(one) !== negated, repeats: "once", length: next + 1 - at };
}

function classCharacter(pattern: readonly string[], at: number): { character: string; length: number } | undefined {
  const escaped = pattern[at] === "\\";
  const character = pattern[escaped ? at + 1 : at];
  return character === undefined ? undefined : { character, length: escaped ? 2 : 1 };
}

function compare(a: string, b: string): number {
  return (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);
}

/** Walks the path once and tracks every possible position in the pattern, so that no pattern is slow. */
function matches(pieces: readonly Piece[], path: string): boolean {
  let places = new Set<number>();
  enter(pieces, 0, places);
  for (const character of path) {
    const next = new Set<number>();
    for (const place of places) {
      const piece = pieces[place];
      if (piece?.takes(character)) step(pieces, place, piece.repeats, character, next);
    }
    places = next;
  }
  return places.has(pieces.length);
}

function step(
  pieces: readonly Piece[],
  place: number,
  repeats: Piece["repeats"],
  character: string,
  next: Set<number>,
): void {
  if (repeats === "any") enter(pieces, place, next);
  else if (repeats === "directories") next.add(place);
  if (repeats === "once" || (repeats === "directories" && character === "/")) enter(pieces, place + 1, next);
}

/** Adds a position; parts that can match nothing are skipped immediately. */
function enter(pieces: readonly Piece[], place: number, places: Set<number>): void {
  let at = place;
  places.add(at);
  while ((pieces[at]?.repeats ?? "once") !== "once") {
    at += 1;
    places.add(at);
  }
}
