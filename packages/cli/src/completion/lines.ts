import type { Definition } from "clipanion";
import { bookPages } from "../book/pages.ts";
import { GLOBALS } from "../run/globals.ts";

/** The values that can be completed: names of the bucket, a path, fixed words, or anything. */
export type Kind = "jobs" | "workers" | "labels" | "file" | "directory" | "text" | readonly string[];

/** A flag and its value; a switch has no value. */
export interface CompletedFlag {
  readonly names: readonly string[];
  readonly description: string;
  readonly value?: Kind;
}

/** The parts of a command that completion needs. */
export interface CompletedLine {
  /** `job start`. */
  readonly path: string;
  readonly description: string;
  readonly flags: readonly CompletedFlag[];
  readonly args: readonly Kind[];
}

const GLOBAL_VALUES: Readonly<Record<string, Kind>> = {
  "-C": "directory",
  "--config": "file",
  "--progress": ["auto", "live", "lines", "json"],
};

/** The flags of every command. */
export const GLOBAL: readonly CompletedFlag[] = Object.entries(GLOBALS).map(([name, hasValue]) => ({
  names: [name],
  description: "",
  ...(hasValue ? { value: GLOBAL_VALUES[name] ?? "text" } : {}),
}));

/** The kind of each flag's value. A key with a command applies to a flag that has another meaning in that command. */
const FLAGS: Readonly<Record<string, Kind>> = {
  "--jobs": "jobs",
  "--job": "jobs",
  "--workers": "workers",
  "--worker": "workers",
  "--allocations": "workers",
  "--labels": "labels",
  "--out": "file",
  "--plan": "file",
  "--workspace": "directory",
  "plan --format": ["text", "json", "markdown"],
  "logs show --format": ["raw", "human"],
  "--target": ["start", "stop", "restart", "reload", "status"],
};

const ARGS: Readonly<Record<string, () => Kind>> = {
  job: () => "jobs",
  worker: () => "workers",
  page: () => bookPages().map(({ name }) => name),
};

/** The command table for completion. An argument named `one|other`, or `one|other|...`, takes one of these words. */
export function completedLines(definitions: readonly Definition[]): CompletedLine[] {
  return definitions.map(({ path, usage, options, description = "" }) => {
    const name = path.split(" ").slice(1).join(" ");
    return {
      path: name,
      description: sentence(description),
      flags: options.map((option) => flagOf(name, option)),
      args: [...usage.matchAll(/[<[]([a-z][\w|]*)(?:\|\.{3})?[>\]]/g)].map(([, arg = ""]) => kindOf(arg)),
    };
  });
}

function kindOf(argument: string): Kind {
  return argument.includes("|") ? argument.split("|") : (ARGS[argument]?.() ?? "text");
}

function flagOf(path: string, { definition, description = "" }: Definition["options"][number]): CompletedFlag {
  const [written = "", value] = definition.split(" ");
  const names = written.split(",").filter((name, _, all) => !isOtherSpelling(name, all));
  const kind = names.map((name) => FLAGS[`${path} ${name}`] ?? FLAGS[name]).find((found) => found !== undefined);
  return { names, description: sentence(description), ...(value === undefined ? {} : { value: kind ?? "text" }) };
}

/** Whether a name is another name with `-` instead of `_`. Completion does not offer this spelling. */
function isOtherSpelling(name: string, all: readonly string[]): boolean {
  return /^--.*-/.test(name) && all.includes(name.replace(/(?<=\w)-/g, "_"));
}

function sentence(text: string): string {
  return text.trim().split("\n")[0]?.replace(/\.$/, "") ?? "";
}

/** The words that may follow a path: the next word of each longer path. */
export function wordsAfter(lines: readonly CompletedLine[], path: string): string[] {
  const begin = path === "" ? "" : `${path} `;
  const next = lines
    .filter((line) => line.path.startsWith(begin))
    .map((line) => line.path.slice(begin.length).split(" ")[0] ?? "");
  return [...new Set(next)].filter((word) => word !== "");
}

/** Every path and every prefix of a path. */
export function pathsOf(lines: readonly CompletedLine[]): string[] {
  const all = lines.flatMap(({ path }) => {
    const words = path.split(" ");
    return words.map((_, at) => words.slice(0, at + 1).join(" "));
  });
  return ["", ...new Set(all)];
}

/** The flags of a path, including those of every command. */
export function flagsOf(lines: readonly CompletedLine[], path: string): readonly CompletedFlag[] {
  return [...(lines.find((line) => line.path === path)?.flags ?? []), ...GLOBAL];
}
