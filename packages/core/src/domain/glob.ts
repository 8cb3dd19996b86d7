/**
 * Patterns of `restart_globs` (deploy.md 10). Paths are relative to the job, with `/`. Our own, since no library keeps
 * these rules: a plain word matches a file name anywhere, `a**b` reaches over directories, `p/**` matches `p` itself.
 */
export function compileGlob(pattern: string): ((path: string) => boolean) | undefined {
  const text = pattern.trim();
  if (text === "") return undefined;
  const whole = toRegExp(text);
  if (!whole) return undefined;
  if (text.endsWith("/")) return matchesDirectory(toRegExp(text.slice(0, -1)));
  if (text.endsWith("/**")) return matchesDirectory(toRegExp(text.slice(0, -3)));
  if (text.startsWith("**/")) return anyDepth(toRegExp(text.slice(3)));
  if (text.includes("/")) return (path) => whole.test(path);
  return (path) => whole.test(baseName(path)) || whole.test(path);
}

/** Whether a pattern is one: not empty, its classes closed, nothing behind its last backslash. */
export function isGlob(pattern: string): boolean {
  return compileGlob(pattern) !== undefined;
}

/** The paths any of the patterns matches, each once, in the order given. Malformed patterns match nothing. */
export function matchGlobs(patterns: readonly string[], paths: readonly string[]): string[] {
  const tests = patterns.map(compileGlob).filter((test) => test !== undefined);
  return paths.filter((path) => tests.some((test) => test(path)));
}

function matchesDirectory(directory: RegExp | undefined): ((path: string) => boolean) | undefined {
  return directory && ((path) => prefixes(path).some((prefix) => directory.test(prefix)));
}

function anyDepth(rest: RegExp | undefined): ((path: string) => boolean) | undefined {
  return rest && ((path) => suffixes(path).some((suffix) => rest.test(suffix)));
}

/** `a/b/c` -> `a`, `a/b`, `a/b/c`. */
function prefixes(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
}

/** `a/b/c` -> `a/b/c`, `b/c`, `c`. */
function suffixes(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, at) => parts.slice(at).join("/"));
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The pattern as an expression over a whole path; undefined when it is malformed. */
function toRegExp(pattern: string): RegExp | undefined {
  let source = "";
  for (let at = 0; at < pattern.length; ) {
    const piece = nextPiece(pattern, at);
    if (!piece) return undefined;
    source += piece.source;
    at += piece.length;
  }
  return tryRegExp(`^(?:${source})$`);
}

function nextPiece(pattern: string, at: number): { source: string; length: number } | undefined {
  const character = pattern.charAt(at);
  if (character === "*") {
    const stars = /^\*+/.exec(pattern.slice(at))?.[0].length ?? 1;
    if (stars > 1 && pattern.charAt(at + stars) === "/" && (at === 0 || pattern.charAt(at - 1) === "/")) {
      return { source: "(?:.*/)?", length: stars + 1 };
    }
    return { source: stars > 1 ? ".*" : "[^/]*", length: stars };
  }
  if (character === "?") return { source: "[^/]", length: 1 };
  if (character === "[") return classPiece(pattern, at);
  if (character !== "\\") return { source: literal(character), length: 1 };
  return at + 1 < pattern.length ? { source: literal(pattern.charAt(at + 1)), length: 2 } : undefined;
}

function classPiece(pattern: string, at: number): { source: string; length: number } | undefined {
  const match = /^\[(\^?)((?:\\.|[^\]\\])+)\]/.exec(pattern.slice(at));
  if (!match) return undefined;
  const body = (match[2] ?? "").replace(/\\(.)|([[&~])/g, (_, escaped: string | undefined, plain: string | undefined) =>
    literal(escaped ?? plain ?? ""),
  );
  return { source: match[1] === "^" ? `(?!/)[^${body}]` : `[${body}]`, length: match[0].length };
}

function literal(character: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character;
}

function tryRegExp(source: string): RegExp | undefined {
  try {
    return new RegExp(source, "s");
  } catch {
    return undefined;
  }
}
