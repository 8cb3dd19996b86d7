import type { LazyCommands, Plugin } from "./plugin.ts";

/** The paths of all commands of a plugin, as typed. */
export function commandPaths(commands: Plugin["commands"]): string[] {
  if (commands === undefined) return [];
  return isLazy(commands) ? Object.keys(commands) : [...new Set(commands.flatMap(pathsOf))];
}

/** Whether each command class is loaded only when its command is typed. */
export function isLazy(commands: NonNullable<Plugin["commands"]>): commands is LazyCommands {
  return !Array.isArray(commands);
}

/** The paths of a clipanion command class, as typed. */
export function pathsOf(command: unknown): string[] {
  const paths: unknown = typeof command === "function" ? Reflect.get(command, "paths") : undefined;
  return Array.isArray(paths) ? paths.map((path) => (Array.isArray(path) ? path.join(" ") : "")) : [];
}

/** Words of letters, digits, dashes and underscores, with one space between them. */
const PATH = /^[a-z][a-z0-9]*([-_][a-z0-9]+)*( [a-z][a-z0-9]*([-_][a-z0-9]+)*)*$/;

/** A problem with a declared command, and how to fix it. */
export interface CommandProblem {
  readonly message: string;
  readonly hint: string;
}

/** Checks the commands that a plugin declares, without loading any. */
export function commandProblems({ name, commands }: Plugin): CommandProblem[] {
  if (commands === undefined) return [];
  if (typeof commands !== "object" || commands === null)
    return [{ message: `plugin "${name}" has commands that are neither a list nor an object`, hint: EXAMPLE }];
  if (isLazy(commands)) return Object.entries(commands).flatMap(([path, load]) => lazyProblems(name, path, load));
  if (commands.every((command) => pathsOf(command).length > 0)) return [];
  const message = `plugin "${name}" has a command that is not a clipanion class with paths`;
  return [{ message, hint: "write class X extends MaandCommand { static paths = [[...]] }" }];
}

const EXAMPLE = 'write commands: { greet: async () => (await import("./greet.ts")).GreetCommand }';

function lazyProblems(plugin: string, path: string, load: unknown): CommandProblem[] {
  if (!PATH.test(path)) {
    const message = `plugin "${plugin}" declares a command "${path}" that cannot be typed`;
    return [{ message, hint: 'use words of lower-case letters, digits and dashes, such as "notes add"' }];
  }
  if (typeof load === "function") return [];
  return [{ message: `plugin "${plugin}" has no function that loads its command "${path}"`, hint: EXAMPLE }];
}
