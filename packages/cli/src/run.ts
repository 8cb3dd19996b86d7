import { readFileSync } from "node:fs";
import type { Context } from "./commands/command.ts";
import { commandsFor } from "./commands/index.ts";
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
  const { Builtins, Cli } = await import("clipanion");
  const { globalsFirst } = await import("./globals.ts");
  const cli = new Cli<Context>({
    binaryName: "maand",
    binaryLabel: "maand",
    binaryVersion: version(),
    enableCapture: false,
    enableColors: false,
  });
  cli.register(Builtins.HelpCommand);
  for (const command of await commandsFor(argv)) cli.register(command);
  const { rest, problem } = globalsFirst(argv);
  if (problem !== undefined) {
    world.stderr.write(`maand: ${problem}\n`);
    return EXIT.refused;
  }
  try {
    const context: Context = { ...world, colorDepth: 1 };
    return await cli.run(cli.process(rest, context), context);
  } catch (cause) {
    return usage(cause, world);
  }
}

/** A line nobody understands: what is wrong with it, and where to look. */
function usage(cause: unknown, world: World): number {
  const message = cause instanceof Error ? cause.message : String(cause);
  const text = message.replace(/\n\n\$ .*/s, "").trim();
  world.stderr.write(`maand: ${text}\n  maand --help lists the commands, maand <command> --help tells about one\n`);
  return EXIT.refused;
}
