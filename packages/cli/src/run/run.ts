import type { ProcessContext } from "@maand/command";
import { version } from "../version.ts";

/** Runs one command line and returns its exit code. The version is printed without loading anything else. */
export async function run(argv: readonly string[], processContext: ProcessContext): Promise<number> {
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-v")) {
    processContext.stdout.write(`${version()}\n`);
    return 0;
  }
  const { runLine } = await import("./run-line.ts");
  return runLine(argv, processContext);
}
