import type { RunRecordRows } from "../../store/team/run-record-rows.ts";

/** How long lines are gathered before they are sent, in milliseconds. */
const EVERY_MS = 1000;
/** The number of characters above which lines are sent early. */
const MOST_CHARACTERS = 256 * 1024;
/** The number of unacknowledged characters from which commands that print have to wait. */
export const MOST_SENT = 2 * 1024 * 1024;

/** A line of a file in the record of a run. */
export type RecordLine = readonly [file: string, line: string];

interface Pending {
  seq: number;
  size: number;
  lines: RecordLine[];
}

/**
 * Sends the records of runs to the database while they are written, so that other machines can read and follow them. At
 * its end, a command waits for its record to be sent. Commands that print faster than the database accepts lines also
 * wait, because statements of the store would otherwise have to wait behind these lines. A record that cannot be sent
 * is still in the files of this machine.
 */
export class RunRecordSender {
  readonly #records: Pick<RunRecordRows, "send" | "finish">;
  readonly #runs = new Map<string, Pending>();
  readonly #keepRuns: number;
  #timer: NodeJS.Timeout | undefined;
  /** Characters that were sent and not yet acknowledged. */
  #sent = 0;
  #caughtUp: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(records: Pick<RunRecordRows, "send" | "finish">, keepRuns: number) {
    this.#records = records;
    this.#keepRuns = keepRuns;
  }

  add(run: string, file: string, line: string): void {
    const pending = this.#runs.get(run) ?? { seq: 0, size: 0, lines: [] };
    this.#runs.set(run, pending);
    pending.lines.push([file, line]);
    pending.size += line.length;
    if (pending.size > MOST_CHARACTERS) this.#send();
    this.#timer ??= setTimeout(() => this.#send(), EVERY_MS).unref();
  }

  /**
   * A promise while too many characters are unacknowledged. It resolves when at most half of {@link MOST_SENT} is
   * unacknowledged. A response takes at most three seconds.
   */
  backPressure(): Promise<void> | undefined {
    if (this.#sent < MOST_SENT) return undefined;
    if (!this.#caughtUp) {
      let settle = () => {};
      const promise = new Promise<void>((resolve) => {
        settle = resolve;
      });
      // the connection to the database does not keep the process alive
      const waiting = setInterval(() => undefined, EVERY_MS);
      const resolve = () => {
        clearInterval(waiting);
        settle();
      };
      this.#caughtUp = { promise, resolve };
    }
    return this.#caughtUp.promise;
  }

  /** Sends the remaining lines, and waits a few seconds at most for the response. */
  close(): void {
    clearTimeout(this.#timer);
    this.#caughtUp?.resolve();
    try {
      for (const [run, pending] of this.#runs)
        this.#records.finish(run, pending.seq, JSON.stringify(pending.lines), this.#keepRuns);
    } catch {
      // the command has already reported an unreachable database
    }
  }

  #send(): void {
    this.#timer = undefined;
    for (const [run, pending] of this.#runs) {
      if (pending.lines.length === 0) continue;
      const lines = JSON.stringify(pending.lines);
      this.#sent += lines.length;
      void this.#records.send(run, pending.seq, lines).then(() => this.#answered(lines.length));
      this.#runs.set(run, { seq: pending.seq + 1, size: 0, lines: [] });
    }
  }

  #answered(characters: number): void {
    this.#sent -= characters;
    if (this.#sent > MOST_SENT / 2) return;
    this.#caughtUp?.resolve();
    this.#caughtUp = undefined;
  }
}
