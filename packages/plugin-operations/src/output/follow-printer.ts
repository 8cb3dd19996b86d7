import { once } from "node:events";
import { type ProcessContext, type Style, visible } from "@maand/command";
import type { OutputStream } from "@maand/core";
import { explainEnd } from "../follow/explain-end.ts";
import type { FollowEnd, FollowSink, Notice } from "../follow/follow-worker.ts";

/** The options for printing followed logs. */
export interface FollowPrinterOptions {
  readonly json: boolean;
  readonly hosts: readonly string[];
  readonly job: string;
  readonly style: Style;
  readonly stdout: ProcessContext["stdout"];
  readonly stderr: ProcessContext["stderr"];
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/** Prints the lines of several workers as they arrive, each with its worker, without control characters. */
export class FollowPrinter implements FollowSink {
  readonly #hints = new Set<string>();
  readonly #gone = new AbortController();
  readonly #options: FollowPrinterOptions;
  readonly #width: number;

  constructor(options: FollowPrinterOptions) {
    this.#options = options;
    this.#width = Math.max(0, ...options.hosts.map(({ length }) => length));
    // Node's own stdout reports a closed reader only as an error of a write
    for (const event of ["close", "error"]) options.stdout.once(event, () => this.#gone.abort());
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  line(host: string, stream: OutputStream, line: string): void {
    const { json, style, stdout } = this.#options;
    if (json) this.#record({ worker_ip: host, event: "line", stream, line });
    else
      stdout.write(
        `${style.faint(`${host.padEnd(this.#width)} ${stream === "stderr" ? "!" : "|"}`)} ${visible(line)}\n`,
      );
  }

  notice(host: string, notice: Notice): void {
    const { json, style, stderr } = this.#options;
    const { event } = notice;
    const message = event === "lost" ? notice.message : null;
    if (json) this.#record({ worker_ip: host, event, message });
    else if (event === "reconnected") stderr.write(`${style.good("reconnected")} ${host}; lines may be repeated\n`);
    else
      stderr.write(
        `${style.warn("lost")} ${host}: ${visible(message ?? "")}; next attempt in ${notice.retryMs / 1000} s\n`,
      );
  }

  /** Reports that the log of one worker has ended. A hint that several workers share is shown once. */
  ended(host: string, end: FollowEnd): void {
    const { json, job, style, stderr } = this.#options;
    if (end.outcome === "stopped") return;
    const { message, hint } = explainEnd(job, end) ?? { message: null, hint: undefined };
    const exit = end.outcome === "exited" ? end.code : null;
    if (json) this.#record({ worker_ip: host, event: "ended", exit, message, hint: hint ?? null });
    if (json) return;
    if (message === null) stderr.write(`${style.faint("ended")} ${host}\n`);
    else stderr.write(`${style.bad("failed")} ${host}: ${visible(message)}\n`);
    if (hint === undefined || this.#hints.has(hint)) return;
    this.#hints.add(hint);
    stderr.write(`  ${style.faint("hint:")} ${visible(hint)}\n`);
  }

  async ready(): Promise<void> {
    const { stdout } = this.#options;
    const signal = AbortSignal.any([this.#options.signal, this.#gone.signal]);
    if (stdout.writableNeedDrain && !signal.aborted) await once(stdout, "drain", { signal }).catch(() => undefined);
  }

  #record(record: object): void {
    const { job, now, stdout } = this.#options;
    stdout.write(`${JSON.stringify({ time: now().toISOString(), job, ...record })}\n`);
  }
}
