import type { ProcessContext } from "@maand/command";
import type { Differing } from "../help/overview.ts";
import { globalValue, leadingGlobals } from "./globals.ts";

/** The exit code of a command line that needs no command, or the command line to run. */
export type EarlyResult = { readonly code: number } | { readonly argv: readonly string[] };

/**
 * Handles command lines that need no command: the overview of all commands, and `maand` alone outside a bucket. Turns
 * `maand help <command>` into `maand <command> --help`, and `maand` alone in a bucket into `maand status`.
 */
export async function front(argv: readonly string[], context: ProcessContext): Promise<EarlyResult> {
  const at = leadingGlobals(argv);
  const [first, ...more] = argv.slice(at);
  if (first === undefined) return at > argv.length ? { argv } : alone(argv, context);
  if (!["help", "-h", "--help"].includes(first)) return { argv };
  if (more.some((word) => !word.startsWith("-"))) return { argv: [...argv.slice(0, at), ...more, "--help"] };
  if (more.includes("--all")) return { argv };
  const { overview } = await import("../help/overview.ts");
  print(overview(await found(argv, context), columnsOf(context)), context);
  return { code: 0 };
}

async function alone(argv: readonly string[], context: ProcessContext): Promise<EarlyResult> {
  const { resolve } = await import("node:path");
  const { findBucket, isMaandError } = await import("@maand/core/readonly");
  try {
    findBucket(resolve(context.cwd, globalValue(argv, "-C") ?? "."));
  } catch (cause) {
    const isOutside = isMaandError(cause) && cause.code === "NOT_A_BUCKET";
    if (isOutside && !argv.includes("--json")) {
      const { firstDay } = await import("../help/overview.ts");
      print(firstDay(columnsOf(context)), context);
      return { code: 0 };
    }
  }
  return { argv: [...argv, "status"] };
}

/**
 * The commands that the plugins of the bucket add, and those of stock plugins that its configuration leaves out. The
 * configuration is loaded only if it names plugins.
 */
async function found(argv: readonly string[], context: ProcessContext): Promise<Differing> {
  const { commandsOf, namesPlugins, STOCK_COMMANDS, STOCK_PLUGINS } = await import("./stock-commands.ts");
  if (!namesPlugins(argv, context)) return { added: [], absent: [] };
  try {
    const { pluginCommands } = await import("./plugin-commands.ts");
    const { paths, names } = await pluginCommands(argv, context, false);
    const there = commandsOf(STOCK_PLUGINS.filter((name) => names?.includes(name) ?? true));
    return { added: paths, absent: Object.keys(STOCK_COMMANDS).filter((path) => !(path in there)) };
  } catch {
    return { added: [], absent: [] }; // help is shown anyway, and any other command reports the problem
  }
}

function columnsOf({ stdout }: ProcessContext): number | undefined {
  return stdout.isTTY === true ? stdout.columns : undefined;
}

function print(lines: readonly string[], { stdout }: ProcessContext): void {
  stdout.write(`${lines.join("\n")}\n`);
}
