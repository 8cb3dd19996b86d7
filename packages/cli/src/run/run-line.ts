import { Writable } from "node:stream";
import type { Context, ProcessContext, Program } from "@maand/command";
import type { MaandError } from "@maand/core";
import { Cli, type Command } from "clipanion";
import { commandsFor, isOurs } from "../commands/index.ts";
import { version } from "../version.ts";
import { firstWord, GLOBAL_FLAGS, globalsFirst, NAMED, negativesBound } from "./globals.ts";
import type { Added } from "./plugin-commands.ts";
import { commandsOf, mayBeLeftOut, ownerOf, STOCK_PLUGINS, stockPath } from "./stock-commands.ts";
import { isHelp, refuse, reportUsage, wantsJson } from "./usage-error.ts";

/** Runs one command line and returns its exit code. Never throws. Loads only the files that the command needs. */
export async function runLine(argv: readonly string[], processContext: ProcessContext): Promise<number> {
  try {
    return await runCommand(argv, processContext);
  } catch (cause) {
    return await report(cause, argv, processContext);
  }
}

async function runCommand(argv: readonly string[], processContext: ProcessContext): Promise<number> {
  const { HelpCommand } = await import("../help/all-commands.ts");
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
    const command = await parsed(cli, rest, context);
    const failures: unknown[] = [];
    command.catch = async (cause: unknown) => {
      if (isUsageError(cause)) throw cause; // here clipanion prints the usage of the command
      failures.push(cause); // for any other error, it would print the stack
    };
    const code = await cli.run(command, context);
    if (helps) processContext.stdout.write(`\n${GLOBAL_FLAGS}\n`);
    return failures.length > 0 ? await report(failures[0], argv, processContext) : code;
  } catch (cause) {
    if (leftOut) return refuse(argv, processContext, missing(path), addIt(path));
    if (added?.failure && !isHelp(argv)) return await reportLoadFailure(added.failure, argv, processContext);
    const definitions = cli.definitions();
    const own = definitions.map(({ path }) => path.split(" ").slice(1));
    const paths = [...own, ...(added?.paths ?? []).map((path) => path.split(" "))];
    return await reportUsage(cause, argv, processContext, { paths, definitions });
  }
}

/** The command of a line. If the line is refused as typed, tries other spellings of its names. */
async function parsed(cli: Cli<Context>, rest: string[], context: Context): Promise<Command<Context>> {
  try {
    return cli.process(rest, context);
  } catch (cause) {
    const { respelled } = await import("./spelling.ts");
    const again = respelled(rest, cli.definitions());
    if (!again) throw cause;
    return cli.process(again, context);
  }
}

/** Whether the line requests a completion script, which contains all commands and flags. */
function isCompletion(argv: readonly string[]): boolean {
  const [word, shell = "-"] = globalsFirst(argv).rest;
  return word === "completion" && !shell.startsWith("-") && !NAMED.includes(shell);
}

/** Warns about missing commands of plugins. The completion script is still printed. */
function warnOfMissing({ message }: MaandError, { stderr }: ProcessContext): void {
  stderr.write(`maand: commands of plugins are not completed: ${message}\n`);
}

/** The parts of the program that commands need; each is loaded on first use. */
function programFor(processContext: ProcessContext): Program {
  return {
    loadOptions: async (config) => (await import("./load-options.ts")).loadOptions(processContext.cwd, config),
    reader: async (how) => (await import("../output/deploy/readers.ts")).progressReader({ ...processContext, ...how }),
    status: async (...given) => (await import("../defaults.ts")).statusOf(...given),
    self: [process.execPath, process.argv[1] ?? "maand"],
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

/** Whether an error comes from clipanion and contains the usage of a command. */
function isUsageError(cause: unknown): boolean {
  return cause instanceof Error && "clipanion" in cause;
}

/** The additions of the bucket's plugins; empty outside a bucket. */
async function addedByPlugins(argv: readonly string[], processContext: ProcessContext, all: boolean): Promise<Added> {
  const { pluginCommands } = await import("./plugin-commands.ts");
  return pluginCommands(argv, processContext, all);
}
