import type { Authority } from "../../store/team/authority.ts";

/** How long lines are gathered, in milliseconds, and the number of characters after which they are sent earlier. */
const EVERY_MS = 1000;
const MOST_CHARACTERS = 256 * 1024;

/** A line of a file in the record of a run. */
export type RecordLine = readonly [file: string, line: string];

interface Pending {
  seq: number;
  size: number;
  lines: RecordLine[];
}

/**
 * Sends the records of runs to the database while they are written, so that other machines can read and follow them.
 * Only the end of the command waits for this. A record that cannot be sent is still in the files of this machine.
 */
export class RunRecordSender {
  readonly #authority: Authority;
  readonly #runs = new Map<string, Pending>();
  readonly #keepRuns: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(authority: Authority, keepRuns: number) {
    this.#authority = authority;
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

  /** Sends the rest, and waits for it for a few seconds at most. */
  close(): void {
    clearTimeout(this.#timer);
    try {
      for (const [run, pending] of this.#runs)
        this.#authority.records.finish(run, pending.seq, JSON.stringify(pending.lines), this.#keepRuns);
    } catch {
      // the command has already reported an unreachable database
    }
  }

  #send(): void {
    this.#timer = undefined;
    for (const [run, pending] of this.#runs) {
      if (pending.lines.length === 0) continue;
      this.#authority.records.send(run, pending.seq, JSON.stringify(pending.lines));
      this.#runs.set(run, { seq: pending.seq + 1, size: 0, lines: [] });
    }
  }
}
