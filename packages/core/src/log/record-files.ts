import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { MaandEvent } from "../events.ts";
import { eventTexts, type PrintedLines } from "../printed-lines.ts";
import { type LogFields, type LogFormat, logLine, logLines } from "./line.ts";
import { OpenFiles } from "./open-files.ts";
import { deleteOldRuns } from "./retention.ts";
import type { LogLimits } from "./rotating-file.ts";

/** Options of the logs. */
export interface LogOptions extends LogLimits {
  readonly format: LogFormat;
  /** Number of runs whose records are kept. */
  readonly keepRuns: number;
}

const EVENTS = "events.ndjson";

/**
 * The record files of runs, and the logs of the workers, which contain the same lines. Its functions throw errors of
 * the disk.
 */
export class RecordFiles {
  readonly #logs: string;
  readonly #options: LogOptions;
  readonly #files: OpenFiles;
  readonly #runs = new Set<string>();
  /** Called with each line of a run's record, and the name of its file. */
  onLine: ((run: string, file: string, line: string) => void) | undefined;

  constructor(logs: string, options: LogOptions, onProblem: (cause: unknown) => void) {
    this.#logs = logs;
    this.#options = options;
    this.#files = new OpenFiles(options, onProblem);
  }

  /** The runs whose records have begun but not ended. */
  openRuns(): string[] {
    return [...this.#runs];
  }

  begin(run: string): void {
    if (this.#runs.has(run)) return;
    const runs = join(this.#logs, "runs");
    mkdirSync(join(runs, run), { recursive: true, mode: 0o700 });
    this.#runs.add(run);
    deleteOldRuns(runs, this.#options.keepRuns);
  }

  end(run: string): void {
    this.#runs.delete(run);
    this.#files.closeIn(join(this.#logs, "runs", run));
  }

  writeEvent(event: MaandEvent): void {
    const text = JSON.stringify(event);
    this.#files.write(`${this.#logs}/runs/${event.run}/${EVENTS}`, text, event.at);
    this.onLine?.(event.run, EVENTS, text);
  }

  write(run: string, fields: LogFields): void {
    const name = fileName(String(fields.worker));
    const [line, ts] = [logLine(fields, this.#options.format), String(fields.ts)];
    for (const file of this.#filesOf(run, name)) this.#files.write(file, line, ts);
    this.onLine?.(run, name, line);
  }

  /** Writes the events and lines of output that was printed together; `fields` are the fields of the first line. */
  writeLines(printed: PrintedLines, fields: LogFields): void {
    const { run, at } = printed.first;
    const name = fileName(String(fields.worker));
    const texts = eventTexts(printed);
    this.#files.writeAll(`${this.#logs}/runs/${run}/${EVENTS}`, texts, bytesOf(texts), at);
    const lines = logLines(fields, printed.lines, this.#options.format);
    const bytes = bytesOf(lines); // encoded once, because both files get the same lines
    for (const file of this.#filesOf(run, name)) this.#files.writeAll(file, lines, bytes, at);
    if (!this.onLine) return;
    for (const [number, line] of lines.entries()) {
      this.onLine(run, EVENTS, texts[number] ?? "");
      this.onLine(run, name, line);
    }
  }

  close(): void {
    this.#files.close();
  }

  #filesOf(run: string, name: string): string[] {
    return [`${this.#logs}/runs/${run}/${name}`, `${this.#logs}/${name}`];
  }
}

function bytesOf(lines: readonly string[]): Uint8Array {
  return Buffer.from(`${lines.join("\n")}\n`);
}

function fileName(worker: string): string {
  return worker === "-" ? "maand.log" : `${worker.replace(/[^A-Za-z0-9.:_-]/g, "_")}.log`;
}
