import { Writable } from "node:stream";
import { type Context, EXIT, type ProcessContext, type Program } from "@maand/command";
import type { MaandError } from "@maand/core";
import { Cli } from "clipanion";
import { commandsFor, isOurs } from "../commands/index.ts";
import { version } from "../version.ts";
import { firstWord, GLOBAL_FLAGS, globalsFirst, NAMED, negativesBound } from "./globals.ts";
import type { Added } from "./plugin-commands.ts";
import { commandsOf, mayBeLeftOut, ownerOf, STOCK_PLUGINS, stockPath } from "./stock-commands.ts";

/** Runs one command line and returns its exit code, whatever is thrown. Loads only the files that the command needs. */
export async function runLine(argv: readonly string[], processContext: ProcessContext): Promise<number> {
  try {
    return await runCommand(argv, processContext);
  } catch (cause) {
    return await report(cause, argv, processContext);
  }
}

async function runCommand(argv: readonly string[], processContext: ProcessContext): Promise<number> {
  const { HelpCommand } = await import("../commands/help.ts");
  const cli = new Cli<Context>({
    binaryName: "maand",
    binaryLabel: "maand",
    binaryVersion: version(),
    enableCapture: false,
    enableColors: false,
  });
  cli.register(HelpCommand);
  const path = stockPath(argv);
  const completes = isCompletion(argv);
  const needsPlugins = completes || !isOurs(argv) || (path !== undefined && mayBeLeftOut(path, argv, processContext));
  const added = needsPlugins ? await addedByPlugins(argv, processContext, completes || isHelp(argv)) : undefined;
  const stock = commandsOf(STOCK_PLUGINS.filter((name) => added?.names?.includes(name) ?? true));
  const leftOut = path !== undefined && !(path in stock);
  if (completes && added?.failure) warnOfMissing(added.failure, processContext);
  const own = added?.isTyped ? [] : await commandsFor(completes ? [] : argv, stock);
  for (const command of own) cli.register(command);
  for (const command of added?.commands ?? []) cli.register(command);
  const { rest, problem } = globalsFirst(negativesBound(argv));
  if (problem !== undefined) return refuse(argv, processContext, problem);
  try {
    const helps = rest.length > 1 && /^(-h|--help)$/.test(rest.at(-1) ?? "");
    const context: Context = {
      ...processContext,
      ...(helps && { stdout: withValues(processContext.stdout) }),
      colorDepth: 1,
      program: programFor(processContext),
    };
    const command = cli.process(rest, context);
    const failures: unknown[] = [];
    command.catch = async (cause: unknown) => {
      if (isUsageError(cause)) throw cause; // clipanion prints the usage of the command
      failures.push(cause); // for any other error it would print the stack
    };
    const code = await cli.run(command, context);
    if (helps) processContext.stdout.write(`\n${GLOBAL_FLAGS}\n`);
    return failures.length > 0 ? await report(failures[0], argv, processContext) : code;
  } catch (cause) {
    if (leftOut) return refuse(argv, processContext, missing(path), addIt(path));
    if (added?.failure && !isHelp(argv)) return await reportLoadFailure(added.failure, argv, processContext);
    const own = cli.definitions().map(({ path }) => path.split(" ").slice(1));
    const words = [...own, ...(added?.paths ?? []).map((path) => path.split(" "))];
    return await usage(cause, argv, processContext, words);
  }
}

/** Whether the line requests a completion script, which has the commands and flags of everything. */
function isCompletion(argv: readonly string[]): boolean {
  const [word, shell = "-"] = globalsFirst(argv).rest;
  return word === "completion" && !shell.startsWith("-") && !NAMED.includes(shell);
}

/** A completion script is of use without the commands of plugins. */
function warnOfMissing({ message }: MaandError, { stderr }: ProcessContext): void {
  stderr.write(`maand: commands of plugins are not completed: ${message}\n`);
}

/** The parts of the program that commands need; each is loaded on first use. */
function programFor(processContext: ProcessContext): Program {
  return {
    loadOptions: async (config) => (await import("./load-options.ts")).loadOptions(processContext.cwd, config),
    reader: async (how) => (await import("../output/deploy/readers.ts")).progressReader({ ...processContext, ...how }),
  };
}

function missing(path: string): string {
  return `"maand ${path}" is a command of the plugin ${ownerOf(path)}, which the configuration of this bucket does not include`;
}

function addIt(path: string): string {
  return `add @maand/plugin-${ownerOf(path)} to the plugins of the configuration`;
}

/** The output stream of help, which replaces clipanion's placeholder for a flag's value with dots of equal width. */
function withValues(stdout: Writable): Writable {
  return new Writable({
    write(chunk, _, done) {
      stdout.write(String(chunk).replace(/#0 ?/g, "..."));
      done();
    },
  });
}

/** Reports a command line that cannot be parsed: the problem, a suggestion, and where to find help. */
async function usage(
  cause: unknown,
  argv: readonly string[],
  processContext: ProcessContext,
  paths: readonly string[][],
): Promise<number> {
  const [word = "", table = ""] = globalsFirst(argv).rest;
  const unknown = unknownWord(argv, paths);
  if (unknown !== undefined) {
    const { didYouMean } = await import("@maand/core/readonly");
    const known = paths
      .filter(([first]) => unknown === word || first === "cat")
      .map((path) => path[unknown === word ? 0 : 1]);
    const all = [...new Set(known.filter((one) => one !== undefined))];
    const hint =
      didYouMean(unknown, all) ??
      (unknown === table ? `use one of: ${all.join(", ")}` : "maand --help lists the commands");
    const what = unknown === word ? `command "${word}"` : `table "${table}"`;
    return refuse(argv, processContext, `unknown ${what}`, hint);
  }
  const wantsHelp = argv.some((text) => text === "-h" || text === "--help");
  const message = cause instanceof Error ? cause.message : String(cause);
  const [output = "", ...rest] = message.split("\n");
  const first = output.startsWith("Command not found")
    ? `"${argv.join(" ")}" is not a complete command line; use:`
    : output;
  const ways = rest.filter((line) => line.includes("$ maand ") || / maand /.test(line)).map(withoutGlobals);
  const meant = [...new Set(ways)];
  if (wantsHelp) {
    processContext.stdout.write(meant.join(""));
    return EXIT.ok;
  }
  const help = "maand --help lists the commands, maand <command> --help describes one";
  return refuse(argv, processContext, first.trim(), help, meant.slice(0, 12));
}

/** Reports a problem with the command line: as text on stderr, and with `--json` as one object on stdout. */
function refuse(
  argv: readonly string[],
  { stdout, stderr }: ProcessContext,
  message: string,
  hint?: string,
  lines: readonly string[] = [],
): number {
  if (wantsJson(argv)) {
    const error = { code: "USAGE", message, hint: hint ?? null, problems: [] };
    stdout.write(`${JSON.stringify({ error })}\n`);
  }
  stderr.write(`maand: ${message}\n${lines.join("")}${hint === undefined ? "" : `  ${hint}\n`}`);
  return EXIT.refused;
}

/** Whether `--json` is set, before the command line is parsed. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end === -1 ? argv : argv.slice(0, end)).includes("--json");
}

/** A usage line without the global flags, which add nothing here. */
function withoutGlobals(line: string): string {
  const text = line
    .replace(/^\s*(\d+\.|\$)\s*/, "")
    .replace(/ \[(--json|--no-color|-q,--quiet|-C #0|--config #0|--progress #0)\]/g, "");
  return `    ${text.replaceAll("#0", "...")}\n`;
}

/** The unknown word of a command line: the first one, or the table after `cat`. */
function unknownWord(argv: readonly string[], paths: readonly string[][]): string | undefined {
  const [word, table] = globalsFirst(argv).rest;
  if (isHelp(argv) || word === undefined || isOurs(argv)) return undefined; // or another spelling, such as job_command
  const same = (one: string | undefined) => one?.replaceAll("-", "_");
  if (!paths.some(([first]) => same(first) === same(word))) return word;
  if (word !== "cat" || table === undefined || table.startsWith("-")) return undefined;
  return paths.some(([first, second]) => first === "cat" && same(second) === same(table)) ? undefined : table;
}

/** Whether the line requests help instead of a command; an empty line does. */
function isHelp(argv: readonly string[]): boolean {
  const word = firstWord(argv);
  return word === undefined || word === "help" || word.startsWith("-");
}

/** Reports an unknown word that may belong to a plugin, if the bucket's configuration cannot be loaded. */
async function reportLoadFailure(
  failure: MaandError,
  argv: readonly string[],
  processContext: ProcessContext,
): Promise<number> {
  const { stderr } = processContext;
  stderr.write(`maand: "${firstWord(argv)}" is not a command of maand, and the plugins cannot be loaded:\n`);
  return report(failure, argv, processContext);
}

/** Prints an error that no command has printed, and returns its exit code. */
async function report(thrown: unknown, argv: readonly string[], processContext: ProcessContext): Promise<number> {
  const { exitOf, printError, shownError, styleFor } = await import("@maand/command");
  const { stdout, stderr, env } = processContext;
  const error = shownError(thrown, processContext);
  printError(error, { json: wantsJson(argv), stdout, stderr, style: styleFor(stderr, env, false) });
  return exitOf(error);
}

/** Whether it is an error of clipanion, which contains the usage of a command. */
function isUsageError(cause: unknown): boolean {
  return cause instanceof Error && "clipanion" in cause;
}

/** The additions of the bucket's plugins; empty outside a bucket. */
async function addedByPlugins(argv: readonly string[], processContext: ProcessContext, all: boolean): Promise<Added> {
  const { pluginCommands } = await import("./plugin-commands.ts");
  return pluginCommands(argv, processContext, all);
}
