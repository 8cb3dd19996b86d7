import type { Definition } from "clipanion";
import { globalsFirst } from "./globals.ts";

/** A flag that its command does not have. */
export interface UnknownFlag {
  /** `maand deploy`. */
  readonly command: string;
  /** As typed, without a value. */
  readonly flag: string;
  /** All flags of the command. */
  readonly known: readonly string[];
}

/** Words from other tools, and their names here. */
const OTHER_WORDS: Readonly<Record<string, readonly string[]>> = {
  "--host": ["--workers", "--allocations", "--worker"],
  "--hosts": ["--workers", "--allocations", "--worker"],
  "--nodes": ["--workers", "--allocations", "--worker"],
  "--workers": ["--allocations", "--worker"],
  "--worker": ["--workers", "--allocations"],
  "--limit": ["--workers", "--allocations"],
  "--tags": ["--labels"],
  "--check": ["--dry-run"],
  "--forks": ["--concurrency"],
  "--assume-yes": ["--yes"],
};

/**
 * The line with `-` and `_` in commands and flags as declared; undefined if the line is already spelled that way. This
 * is computed only after a line was refused.
 */
export function respelled(rest: readonly string[], definitions: readonly Definition[]): string[] | undefined {
  const found = definitionOf(rest, definitions);
  if (!found) return undefined;
  const flags = flagsOf(found.definition);
  const words = wordsOf(found.definition);
  const end = endOf(rest);
  const line = rest.map((word, at) => {
    if (at < words.length) return words[at] ?? word;
    if (at >= end || !word.startsWith("--")) return word;
    const [name = "", ...value] = word.split("=");
    const meant = flags.includes(name) ? name : (flags.find((flag) => sameName(flag, name)) ?? name);
    return [meant, ...value].join("=");
  });
  return line.some((word, at) => word !== rest[at]) ? line : undefined;
}

/** The first flag of a line that its command does not have. */
export function unknownFlag(argv: readonly string[], definitions: readonly Definition[]): UnknownFlag | undefined {
  const { rest } = globalsFirst(argv);
  const found = definitionOf(rest, definitions);
  if (!found) return undefined;
  const known = flagsOf(found.definition);
  const typed = rest.slice(wordsOf(found.definition).length, endOf(rest)).filter((word) => word.startsWith("--"));
  const flag = typed.map((word) => word.split("=")[0] ?? "").find((name) => !isKnown(name, known));
  return flag === undefined ? undefined : { command: found.definition.path, flag, known };
}

/** The name in this command for a flag of another tool. */
export function otherWord({ flag, known }: UnknownFlag): string | undefined {
  return OTHER_WORDS[flag]?.find((one) => known.includes(one));
}

function isKnown(name: string, known: readonly string[]): boolean {
  return (
    known.includes(name) || (name.startsWith("--no-") && known.includes(`--${name.slice(5)}`)) || name === "--help"
  );
}

/** The command of a line: the command with the longest path that the line begins with. */
function definitionOf(rest: readonly string[], definitions: readonly Definition[]) {
  const fitting = definitions.filter((definition) =>
    wordsOf(definition).every((word, at) => sameName(word, rest[at] ?? "")),
  );
  const [definition] = fitting.sort((a, b) => wordsOf(b).length - wordsOf(a).length);
  return definition && { definition };
}

function wordsOf({ path }: Definition): string[] {
  return path.split(" ").slice(1);
}

/** All names of a command's flags, including the flags of every command. */
function flagsOf({ options }: Definition): string[] {
  const own = options.flatMap(({ definition }) => (definition.split(" ")[0] ?? "").split(","));
  return [...own, "--json", "--no-color", "--wide", "--quiet", "--config", "--progress"];
}

function endOf(rest: readonly string[]): number {
  const end = rest.indexOf("--");
  return end === -1 ? rest.length : end;
}

/** Whether two names differ at most in `-` and `_`. */
function sameName(one: string, other: string): boolean {
  return one.replaceAll("_", "-") === other.replaceAll("_", "-");
}
