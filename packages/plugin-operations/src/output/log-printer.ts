import { once } from "node:events";
import type { ProcessContext, Style } from "@maand/command";
import { LOG_KEYS, readLogLine } from "@maand/core/readonly";
import type { StoredLine } from "../logs/stored-lines.ts";
import { LogBlocks } from "./log-blocks.ts";

/** The options for printing log lines. */
export interface LogPrinterOptions {
  readonly format: "raw" | "human" | "json";
  /** Prints only this number of last lines or blocks; undefined: prints all. */
  readonly tail: number | undefined;
  readonly style: Style;
  readonly to: ProcessContext["stdout"];
  readonly signal: AbortSignal;
}

type Wanted = (line: StoredLine) => boolean;

/** The number of characters per write. */
const BATCH = 64 * 1024;

/** Prints log lines as they are read; keeps at most the lines of one command, or a tail, in memory. */
export class LogPrinter {
  readonly #options: LogPrinterOptions;
  readonly #blocks: LogBlocks;
  #batch: string[] = [];
  #size = 0;

  constructor(options: LogPrinterOptions) {
    this.#options = options;
    this.#blocks = new LogBlocks(options.style);
  }

  /** Whether the reader of the output has disconnected. */
  gone(): boolean {
    return this.#options.to.destroyed;
  }

  /**
   * Prints the stored lines. The human format prints events before commands, so it calls `readAgain` to read the lines
   * a second time.
   */
  async print(lines: Iterable<StoredLine>, wanted: Wanted, readAgain: () => Iterable<StoredLine>): Promise<void> {
    const { tail } = this.#options;
    await this.#all(lastOf(this.#texts(lines, readAgain, wanted), tail));
  }

  /** Prints new lines; returns whether one of them ends a run. */
  async follow(lines: Iterable<StoredLine>, wanted: Wanted): Promise<boolean> {
    let over = false;
    const watched = function* () {
      for (const line of lines) {
        over ||= line.text.includes("run_finished") && readLogLine(line.text)?.event === "run_finished";
        yield line;
      }
    };
    const texts = this.#options.format === "human" ? this.#human(watched(), wanted) : this.#plain(watched(), wanted);
    const { tail } = this.#options;
    await this.#all(this.#tailed ? texts : lastOf(texts, tail));
    this.#tailed = true;
    if (over) await this.#all(this.#blocks.rest());
    return over;
  }

  /** Whether the tail was applied. The tail limits only the stored lines. All new lines are shown. */
  #tailed = false;

  #texts(lines: Iterable<StoredLine>, readAgain: () => Iterable<StoredLine>, wanted: Wanted): Iterable<string> {
    if (this.#options.format !== "human") return this.#plain(lines, wanted);
    return inTurn(this.#events(lines, wanted), this.#commands(readAgain(), wanted));
  }

  *#plain(lines: Iterable<StoredLine>, wanted: Wanted): Generator<string> {
    const json = this.#options.format === "json";
    for (const line of lines) {
      if (!wanted(line)) continue;
      if (!json) yield line.text;
      else if (!line.bare) yield record(line.text);
    }
  }

  *#events(lines: Iterable<StoredLine>, wanted: Wanted): Generator<string> {
    for (const line of lines) if (wanted(line)) yield* this.#blocks.event(line);
  }

  *#commands(lines: Iterable<StoredLine>, wanted: Wanted): Generator<string> {
    for (const line of lines) if (wanted(line)) yield* this.#blocks.command(line);
    yield* this.#blocks.rest();
  }

  *#human(lines: Iterable<StoredLine>, wanted: Wanted): Generator<string> {
    for (const line of lines)
      if (wanted(line)) {
        yield* this.#blocks.event(line);
        yield* this.#blocks.command(line);
      }
  }

  async #all(texts: Iterable<string>): Promise<void> {
    for (const text of texts) {
      this.#batch.push(text, "\n");
      this.#size += text.length;
      if (this.#size > BATCH) await this.#write();
      if (this.#options.signal.aborted || this.gone()) return;
    }
    await this.#write();
  }

  /** Waits for a slow reader, so that output does not accumulate in memory. */
  async #write(): Promise<void> {
    if (this.#batch.length === 0) return;
    const { to, signal } = this.#options;
    const text = this.#batch.join("");
    this.#batch = [];
    this.#size = 0;
    if (to.write(text) || this.gone()) return;
    await Promise.race([once(to, "drain", { signal }), once(to, "close", { signal })]).catch(() => undefined);
  }
}

function* inTurn(...parts: readonly Iterable<string>[]): Generator<string> {
  for (const part of parts) yield* part;
}

/** The last `tail` texts, or all texts if `tail` is undefined. */
function* lastOf(texts: Iterable<string>, tail: number | undefined): Generator<string> {
  if (tail === undefined) {
    yield* texts;
    return;
  }
  let kept: string[] = [];
  for (const text of texts) {
    kept.push(text);
    if (kept.length > 2 * tail + 100) kept = tail === 0 ? [] : kept.slice(-tail);
  }
  yield* tail === 0 ? [] : kept.slice(-tail);
}

/** A line as JSON: all known keys, then the other keys of the line. A missing known key is null. */
function record(text: string): string {
  const fields = readLogLine(text) ?? {};
  const known = Object.fromEntries(LOG_KEYS.map((key) => [key, fields[key] ?? null]));
  return JSON.stringify({ ...known, ...fields });
}
