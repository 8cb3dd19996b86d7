import type { ProcessContext } from "@maand/command";
import { version } from "../version.ts";

/** Runs one command line and returns its exit code. The version is printed without loading anything else. */
export async function run(argv: readonly string[], processContext: ProcessContext): Promise<number> {
  if (isVersion(argv)) {
    const text = argv.includes("--json") ? (await import("../version-record.ts")).versionJson() : version();
    processContext.stdout.write(`${text}\n`);
    return 0;
  }
  if (!mayNeedNoCommand(argv)) return runCommand(argv, processContext);
  const { front } = await import("./front.ts");
  const early = await front(argv, processContext);
  return "code" in early ? early.code : runCommand(early.argv, processContext);
}

/** Whether a line may need no command. Most lines begin with a command, so they load nothing for this check. */
function mayNeedNoCommand([first = "-"]: readonly string[]): boolean {
  return first.startsWith("-") || first === "help";
}

async function runCommand(argv: readonly string[], processContext: ProcessContext): Promise<number> {
  const { runLine } = await import("./run-line.ts");
  return runLine(argv, processContext);
}

/** Whether the line requests the version, with or without `--json`. */
function isVersion(argv: readonly string[]): boolean {
  const [flag, ...others] = argv.filter((word) => word !== "--json");
  return others.length === 0 && (flag === "--version" || flag === "-v");
}
