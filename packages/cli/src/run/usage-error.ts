import { EXIT, type ProcessContext } from "@maand/command";
import type { Definition } from "clipanion";
import { isOurs } from "../commands/index.ts";
import { firstWord, globalsFirst } from "./globals.ts";
import { otherWord, unknownFlag } from "./spelling.ts";

/** Reports a command line that cannot be parsed: the problem, a suggestion, and where to find help. */
export async function reportUsage(
  cause: unknown,
  argv: readonly string[],
  processContext: ProcessContext,
  { paths, definitions }: { readonly paths: readonly string[][]; readonly definitions: readonly Definition[] },
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
      (unknown === table ? `use one of: ${all.join(", ")}` : "to list the commands, run maand --help");
    const what = unknown === word ? `command "${word}"` : `table "${table}"`;
    return refuse(argv, processContext, `unknown ${what}`, hint);
  }
  const flag = unknownFlag(argv, definitions);
  if (flag !== undefined) {
    const { didYouMean } = await import("@maand/core/readonly");
    const other = otherWord(flag);
    const hint = other === undefined ? didYouMean(flag.flag, flag.known) : `did you mean "${other}"?`;
    const help = `${flag.command.replace("maand", "maand help")} lists its flags`;
    return refuse(argv, processContext, `${flag.command} has no flag ${flag.flag}`, hint ?? help);
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
  const help = "to list the commands, run maand --help; to read about one, maand help <command>";
  return refuse(argv, processContext, first.trim(), help, meant.slice(0, 12));
}

/** Reports a problem with the command line: as text on stderr, and with `--json` as one object on stdout. */
export function refuse(
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
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end === -1 ? argv : argv.slice(0, end)).includes("--json");
}

/** A usage line without the global flags, which add nothing here. */
function withoutGlobals(line: string): string {
  const text = line
    .replace(/^\s*(\d+\.|\$)\s*/, "")
    .replace(/ \[(--json|--no-color|--wide|-q,--quiet|-C #0|--config #0|--progress #0)\]/g, "");
  return `    ${text.replaceAll("#0", "...")}\n`;
}

/** The unknown word of a command line: its first word, or the table after `cat`. */
function unknownWord(argv: readonly string[], paths: readonly string[][]): string | undefined {
  const [word, table] = globalsFirst(argv).rest;
  if (isHelp(argv) || word === undefined || isOurs(argv)) return undefined; // or another spelling, such as job_command
  const same = (one: string | undefined) => one?.replaceAll("-", "_");
  if (!paths.some(([first]) => same(first) === same(word))) return word;
  if (word !== "cat" || table === undefined || table.startsWith("-")) return undefined;
  return paths.some(([first, second]) => first === "cat" && same(second) === same(table)) ? undefined : table;
}

/** Whether the line requests help instead of a command; an empty line does. */
export function isHelp(argv: readonly string[]): boolean {
  const word = firstWord(argv);
  return word === undefined || word === "help" || word.startsWith("-");
}
