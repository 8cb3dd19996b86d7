import { relative } from "node:path";
import { shownError } from "@maand/command";
import type { EngineCommand } from "@maand/command/internal";
import { printTrace } from "./print-trace.ts";
import { readTrace } from "./trace-file.ts";
import type { TraceRun } from "./trace-run.ts";

/** Writes a trace, and prints its table and its path. With `--json`, prints only the path, on stderr. */
export function endTrace(trace: TraceRun, command: EngineCommand): void {
  const { stderr } = command.context;
  try {
    const written = trace.end();
    if (written === undefined) return;
    if (!command.json) printTrace(command, readTrace(written.text, written.file));
    const file = relative(command.context.cwd, written.file);
    const shown = file.startsWith("..") ? written.file : file;
    stderr.write(`trace: ${shown} (open it in https://ui.perfetto.dev, or type maand plugins --trace ${shown})\n`);
  } catch (cause) {
    const { message } = shownError(cause, command.context);
    stderr.write(`${command.style("stderr").warn("warning:")} the trace was not written: ${message}\n`);
  }
}
