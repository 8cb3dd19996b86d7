import { readFileSync } from "node:fs";
import type { Context } from "./commands/command.ts";
import { commandsFor, FIRST_WORDS } from "./commands/index.ts";
import { firstWord, GLOBAL_FLAGS, globalsFirst } from "./globals.ts";
import { EXIT, type World } from "./world.ts";

/** The program's version, as its package says. */
export function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version: found }: { version: string } = JSON.parse(text);
  return found;
}

/** Runs one command line and answers its exit code. Loads only what that command needs. */
export async function run(argv: readonly string[], world: World): Promise<number> {
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-v")) {
    world.stdout.write(`${version()}\n`);
    return EXIT.ok;
  }
  const { Cli } = await import("clipanion");
  const { HelpCommand } = await import("./commands/help.ts");
  const cli = new Cli<Context>({
    binaryName: "maand",
    binaryLabel: "maand",
    binaryVersion: version(),
    enableCapture: false,
    enableColors: false,
  });
  cli.register(HelpCommand);
  for (const command of await commandsFor(argv)) cli.register(command);
  if (!isKnown(argv)) for (const command of await commandsOfPlugins(argv, world)) cli.register(command);
  const { rest, problem } = globalsFirst(argv);
  if (problem !== undefined) {
    world.stderr.write(`maand: ${problem}\n`);
    return EXIT.refused;
  }
  try {
    const context: Context = { ...world, colorDepth: 1 };
    const code = await cli.run(cli.process(rest, context), context);
    if (rest.length > 1 && /^(-h|--help)$/.test(rest.at(-1) ?? "")) world.stdout.write(`\n${GLOBAL_FLAGS}\n`);
    return code;
  } catch (cause) {
    const words = cli.definitions().map(({ path }) => path.split(" ")[1] ?? "");
    return await usage(cause, argv, world, words);
  }
}

/** A line nobody understands: what is wrong with it, what was perhaps meant, and where to look. */
async function usage(cause: unknown, argv: readonly string[], world: World, words: readonly string[]): Promise<number> {
  const word = firstWord(argv) ?? "";
  if (!isKnown(argv) && !words.includes(word)) {
    const { didYouMean } = await import("@maand/core");
    const hint = didYouMean(word, FIRST_WORDS) ?? "maand --help lists the commands";
    world.stderr.write(`maand: there is no command "${word}"\n  ${hint}\n`);
    return EXIT.refused;
  }
  const asksForHelp = argv.some((text) => text === "-h" || text === "--help");
  const message = cause instanceof Error ? cause.message : String(cause);
  const [said = "", ...rest] = message.split("\n");
  const first = said.startsWith("Command not found")
    ? `"${argv.join(" ")}" is not a whole command line; there is:`
    : said;
  const meant = rest.filter((line) => line.includes("$ maand ") || / maand /.test(line)).map(withoutGlobals);
  if (asksForHelp) {
    world.stdout.write(`${meant.join("")}`);
    return EXIT.ok;
  }
  world.stderr.write(`maand: ${first.trim()}\n${meant.slice(0, 12).join("")}`);
  world.stderr.write("  maand --help lists the commands, maand <command> --help tells about one\n");
  return EXIT.refused;
}

/** A usage line as it is worth reading: the flags every command has say nothing here. */
function withoutGlobals(line: string): string {
  const text = line
    .replace(/^\s*(\d+\.|\$)\s*/, "")
    .replace(/ \[(--json|--no-color|-q,--quiet|-C #0|--config #0)\]/g, "");
  return `    ${text.replaceAll("#0", "...")}\n`;
}

/** Whether the first word is one of ours; a line without words asks for help. */
function isKnown(argv: readonly string[]): boolean {
  const word = firstWord(argv);
  return (
    word === undefined || word.startsWith("-") || word === "help" || FIRST_WORDS.includes(word.replaceAll("-", "_"))
  );
}

/** Commands that the plugins of the bucket add; none outside of a bucket, or when it cannot be opened. */
async function commandsOfPlugins(argv: readonly string[], world: World) {
  const { pluginCommands } = await import("./commands/of-plugins.ts");
  return pluginCommands(argv, world);
}
