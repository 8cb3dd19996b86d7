import { accessSync, constants, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemText } from "@maand/command/unexpected";
import { MaandError } from "@maand/core";
import { Tracer } from "@maand/core/internal";
import { type TracedCommand, traceText } from "./trace-file.ts";

/** The trace of one command, and the file it is written to. */
export interface TraceRun {
  readonly tracer: Tracer;
  /**
   * Call this when the bucket is open; `logs` is the directory of its logs. Unless a file is named, the trace is
   * written next to the record of the run.
   */
  opened(logs: string): void;
  /**
   * Writes the file. Returns its path and its text; undefined if no bucket was opened or no run began. Throws if the
   * file cannot be written.
   */
  end(): { readonly file: string; readonly text: string } | undefined;
}

/**
 * Starts a trace. If the process exits before `end` is called, for example after a second Ctrl-C, the file is written
 * at exit. Throws USAGE for a file that cannot be created, before anything is traced.
 */
export function traceRun(wanted: string | undefined, command: TracedCommand): TraceRun {
  if (wanted !== undefined) refuseUnwritable(wanted);
  const tracer = new Tracer();
  let logs: string | undefined;
  const write = () => {
    const file = logs === undefined ? undefined : (wanted ?? besideRecord(logs, tracer.run));
    if (file === undefined) return undefined;
    const text = traceText(tracer, command);
    writeFileSync(file, text, { mode: 0o600 });
    return { file, text };
  };
  const atExit = () => {
    try {
      write();
    } catch {} // the process is ending, so nothing can be printed
  };
  process.once("exit", atExit);
  return {
    tracer,
    opened(directory) {
      logs = directory;
    },
    end() {
      process.off("exit", atExit);
      return write();
    },
  };
}

function besideRecord(logs: string, run: string | undefined): string | undefined {
  return run === undefined ? undefined : join(logs, "runs", run, "trace.json");
}

function refuseUnwritable(file: string): void {
  const directory = dirname(file);
  try {
    accessSync(directory, constants.W_OK);
  } catch (cause) {
    const why = cause instanceof Error ? systemText(cause) : String(cause);
    throw new MaandError({
      code: "USAGE",
      message: `--trace cannot write ${file}: ${why}`,
      hint: "name a file in a directory that exists, or write --trace without a file",
      cause,
    });
  }
}
