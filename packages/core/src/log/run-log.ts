import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { MaandEvent } from "../events.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { type LogFields, type LogFormat, logLine } from "./line.ts";
import { OpenFiles } from "./open-files.ts";
import { LogRecords } from "./records.ts";
import { deleteOldRuns } from "./retention.ts";
import type { LogLimits } from "./rotating-file.ts";

/** Options of the logs. */
export interface LogOptions extends LogLimits {
  readonly format: LogFormat;
  /** Number of runs whose records are kept. */
  readonly keepRuns: number;
}

/** The log writer, as a plugin that receives every event. */
export interface RunLog extends Plugin {
  /** The reason why a write failed, returned once; undefined afterwards and if all writes succeeded. */
  problem(): string | undefined;
  /** Calls a function with each line of the record of a run, and the name of its file. */
  onLine(listener: (run: string, file: string, line: string) => void): void;
  /** Ends the records of runs without a final event, at this time, and closes all files. */
  close(at: Date): void;
}

/**
 * Records every run. Each event goes to `logs/<worker>.log`, or to `logs/maand.log` if it has no worker. The same line
 * goes to that file in the run's own directory, `logs/runs/<run>/`, and the whole event to `events.ndjson` there.
 * Screens, `--json` and `maand logs` read the same events, so that they cannot disagree. A log that cannot be written
 * never stops a run.
 */
export function runLog(logs: string, options: LogOptions): RunLog {
  const records = new LogRecords();
  const files = new OpenFiles(options, failed);
  const runs = new Set<string>();
  let onLine = (_run: string, _file: string, _line: string) => {};
  let failure: string | undefined;
  let reported = false;

  return {
    name: "run-log",
    apply(hooks) {
      hooks.event.tap("run-log", (event) => {
        attempt(() => record(event));
      });
    },
    problem() {
      if (failure === undefined || reported) return undefined;
      reported = true;
      return failure;
    },
    onLine(listener) {
      onLine = listener;
    },
    close(at) {
      for (const run of [...runs]) {
        const fields = records.end(run, at.toISOString());
        if (fields) attempt(() => write(run, fields));
      }
      files.close();
    },
  };

  function record(event: MaandEvent): void {
    begin(event.run);
    const fields = records.of(event);
    const text = JSON.stringify(event);
    files.write(`${logs}/runs/${event.run}/events.ndjson`, text, event.at);
    onLine(event.run, "events.ndjson", text);
    write(event.run, fields);
    if (event.type !== "run.finished") return;
    records.forget(event.run);
    runs.delete(event.run);
    files.closeIn(join(logs, "runs", event.run));
  }

  function begin(run: string): void {
    if (runs.has(run)) return;
    mkdirSync(join(logs, "runs", run), { recursive: true, mode: 0o700 });
    runs.add(run);
    deleteOldRuns(join(logs, "runs"), options.keepRuns);
  }

  function write(run: string, fields: LogFields): void {
    const name = fileName(String(fields.worker));
    const [line, ts] = [logLine(fields, options.format), String(fields.ts)];
    files.write(`${logs}/runs/${run}/${name}`, line, ts);
    files.write(`${logs}/${name}`, line, ts);
    onLine(run, name, line);
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

function fileName(worker: string): string {
  return worker === "-" ? "maand.log" : `${worker.replace(/[^A-Za-z0-9.:_-]/g, "_")}.log`;
}
