import type { MaandEvent } from "../events.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import type { EventReader, PrintedLines } from "../printed-lines.ts";
import { type LogOptions, RecordFiles } from "./record-files.ts";
import { LogRecords } from "./records.ts";

/** The log writer, as a plugin that receives every event. */
export interface RunLog extends Plugin {
  /** The reason why a write failed, returned once; undefined on later calls, or if all writes succeeded. */
  problem(): string | undefined;
  /**
   * Calls a function with each line of the record of a run, and the name of the file. `backPressure` returns a promise
   * while the receiver cannot take more lines; commands wait for it.
   */
  onLine(
    listener: (run: string, file: string, line: string) => void,
    backPressure?: () => Promise<void> | undefined,
  ): void;
  /** Ends the records of runs without a final event, at this time, and closes all files. */
  close(at: Date): void;
}

/**
 * Records every run. Each event goes to `logs/<worker>.log`, or to `logs/maand.log` if it has no worker. The same line
 * is written to a file with the same name in the run's own directory, `logs/runs/<run>/`, and the whole event is
 * written to `events.ndjson` there. The screen, `--json` and `maand logs` read the same events, so they cannot
 * disagree. A log that cannot be written never stops a run.
 */
export function runLog(logs: string, options: LogOptions): RunLog {
  const records = new LogRecords();
  const files = new RecordFiles(logs, options, failed);
  let failure: string | undefined;
  let reported = false;
  let behind: EventReader["backPressure"];

  return {
    name: "run-log",
    apply(hooks) {
      const read: EventReader = (event) => attempt(() => record(event));
      read.readLines = (printed) => attempt(() => recordLines(printed));
      read.backPressure = () => behind?.();
      hooks.event.tap("run-log", read);
    },
    problem() {
      if (failure === undefined || reported) return undefined;
      reported = true;
      return failure;
    },
    onLine(listener, backPressure) {
      files.onLine = listener;
      behind = backPressure;
    },
    close(at) {
      for (const run of files.openRuns()) {
        const fields = records.end(run, at.toISOString());
        if (fields) attempt(() => files.write(run, fields));
      }
      files.close();
    },
  };

  function record(event: MaandEvent): void {
    files.begin(event.run);
    const fields = records.of(event);
    files.writeEvent(event);
    files.write(event.run, fields);
    if (event.type !== "run.finished") return;
    records.forget(event.run);
    files.end(event.run);
  }

  function recordLines(printed: PrintedLines): void {
    files.begin(printed.first.run);
    files.writeLines(printed, records.of(printed.first));
  }

  /** A full or read-only disk must not stop a running deploy. */
  function attempt(work: () => void): void {
    try {
      work();
    } catch (cause) {
      failed(cause);
    }
  }

  function failed(cause: unknown): void {
    failure ??= cause instanceof Error ? cause.message : String(cause);
  }
}
