import { PassThrough, Readable } from "node:stream";
import type { Context, ProcessContext } from "@maand/command";
import { Cli, type CommandClass } from "clipanion";
import { commandsFor } from "../../packages/cli/src/commands/index.ts";
import { globalsFirst } from "../../packages/cli/src/run/globals.ts";
import { blocksOf, codeIn, type Page, proseOf } from "./pages.ts";

/** Lines are parsed and never run, so the context may be empty. */
const NOWHERE: ProcessContext & Pick<Context, "program"> = {
  stdin: Readable.from([]),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env: {},
  cwd: "/",
  signal: new AbortController().signal,
  now: () => new Date(0),
  pid: 0,
  machine: "",
  program: {
    loadOptions: async () => ({ defaults: () => [], modules: {} }),
    reader: async () =>
      Object.assign(() => undefined, {
        readLines: () => undefined,
        backPressure: () => undefined,
        end: () => undefined,
      }),
    status: async () => ({}),
    self: [process.execPath],
  },
};

/** The command-line parser, and the paths of all commands. */
export interface Parser {
  readonly cli: Cli<Context>;
  readonly paths: readonly string[];
}

/** The parser of the command line, with all commands. */
export async function parser(): Promise<Parser> {
  const classes: CommandClass<Context>[] = await commandsFor([]);
  const cli = compiledOnce(Cli.from<Context>(classes, { binaryName: "maand" }));
  return { cli, paths: cli.definitions().map(({ path }) => path) };
}

/** Clipanion compiles the commands again for each line, which takes 10 ms for all of them. */
function compiledOnce(cli: Cli<Context>): Cli<Context> {
  const { builder } = cli as unknown as { readonly builder: { compile: () => unknown } };
  const compiled = builder.compile();
  builder.compile = () => compiled;
  return cli;
}

/** All command lines with maand on a page, in shell blocks and in the text. */
export function commandLines(page: Page): string[] {
  const blocks = blocksOf(page).filter(({ info }) => /^(sh|bash|console)\b/.test(info));
  const typed = blocks
    .flatMap(({ code }) => code.split("\n"))
    .flatMap((line) =>
      line
        .replace(/(^|\s)#.*$|\s*<<.*$/, "")
        .replace(/ > \S+\s*$/, "")
        .split(/&&|\|\||;|\|/),
    );
  return [...typed, ...codeIn(proseOf(page))]
    .map((line) => line.trim().replace(/\s+/g, " "))
    .filter((line) => line.startsWith("maand "));
}

/**
 * The reason why a line is not valid; undefined when it is valid. The name of a family, such as `maand job`, is valid.
 */
export function refusal(line: string, { cli, paths }: Parser): string | undefined {
  const argv = (line.match(/"[^"]*"|\S+/g) ?? []).slice(1).map((word) => word.replace(/^"(.*)"$/, "$1"));
  if (argv[0] === "<command>" || /^maand --version( --json)?$/.test(line) || line === "maand --help") return undefined;
  if (argv[0] === "help" && (argv[1]?.startsWith("-") || argv[1] === "<command>")) return undefined;
  if (argv[0] === "help") return refusal(`maand ${argv.slice(1).join(" ")}`, { cli, paths });
  const { rest, problem } = globalsFirst(argv);
  if (problem !== undefined) return problem;
  if (paths.some((path) => path === line || path.startsWith(`${line} `))) return undefined;
  try {
    cli.process(rest, NOWHERE);
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
  }
}
