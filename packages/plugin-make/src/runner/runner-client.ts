import type { Duplex, Readable } from "node:stream";
import type { BackPressure, OutputStream, RemoteStream } from "@maand/core";
import { PacedReading } from "@maand/core/toolbox";
import { type Frame, FrameReader } from "./frame-reader.ts";

/**
 * A request to a runner: run one target of one job, delete receipts that are settled, make directories equal to trees,
 * or list files. `timeout` is in seconds.
 */
export type RunnerRequest =
  | (FenceFields & {
      readonly target: string;
      readonly job: string;
      readonly timeout: number;
      readonly env: Readonly<Record<string, string>>;
      readonly step?: string;
      readonly voids?: readonly string[];
      /** A command instead of a target, and the identity that its receipt stores. The target is then only its name. */
      readonly argv?: readonly string[];
      readonly what?: string;
    })
  | { readonly settled: Readonly<Record<string, readonly string[]>> }
  | (FenceFields & { readonly stage: object; readonly timeout: number })
  | { readonly inventory: object; readonly timeout: number };

/** The fields about the command in a request that changes a worker; absent for a command that only reads. */
export interface FenceFields {
  readonly fence?: { readonly line: string; readonly expected: string; readonly text: string };
}

/** The result of a request: its exit code, or undefined if the runner no longer exists. */
export type RequestEnd = number | undefined;

/** A running request. */
export interface RunningRequest {
  readonly ended: Promise<RequestEnd>;
  /** Sends more data of the request. Resolves when there is room for the next piece. */
  send(more: object): Promise<void>;
  /** Stops the processes of the request on the worker; resolves when they have ended. */
  end(): Promise<RequestEnd>;
  /** Stops waiting for the request, and sends no more requests to its runner, because the runner does not respond. */
  abandon(): void;
}

/** Milliseconds without a request after which the runner is closed: a worker may allow few sessions (MaxSessions). */
const IDLE_MS = 5_000;
/**
 * Milliseconds by which the exit code of a runner may arrive after the end of its output, or the output after the code.
 */
const LAST_OUTPUT_MS = 1_000;
/** Maximum number of characters of a runner's error output that are kept to explain why it does not start. */
const ERROR_TEXT = 4_096;
/** The id of the frame with the record of the worker; requests have larger ones. */
const RECORD_ID = 0;
/** Ends each text of that frame. */
const NUL = 0;

/**
 * Milliseconds between messages to a runner while a reader is paused. Without them, a reader that reads nothing for a
 * minute counts as gone.
 */
const BEHIND_MS = 20_000;

interface Pending {
  readonly onOutput: (stream: OutputStream, bytes: Buffer) => void;
  readonly backPressure: BackPressure | undefined;
  readonly settle: (end: RequestEnd) => void;
}

/** The local end of a serving runner on one worker. The runner processes requests in parallel until its input ends. */
export class RunnerClient {
  readonly #stream: RemoteStream;
  readonly #program: Uint8Array;
  readonly #pending = new Map<number, Pending>();
  readonly #frames = new FrameReader((frame) => this.#takeFrame(frame));
  #greeted: (ready: boolean) => void = () => {};
  #open = true;
  #over = false;
  #last = 0;
  #record = Buffer.alloc(0);
  #idle: NodeJS.Timeout | undefined;
  #errorText = "";
  /** The back-pressure of the request whose output arrived last in the current chunk. */
  #printing: BackPressure | undefined;
  /** The record of the command that last changed the worker, as the runner found it; empty if there was none. */
  fenceText = "";
  /** The `worker.json` that it found; empty if there was none. */
  workerJson = "";
  /** Whether the command that uses this runner may change the worker. */
  isAdmitted = false;

  /** Resolves with true at its greeting, or with false if none will arrive. */
  readonly ready = new Promise<boolean>((resolve) => {
    this.#greeted = resolve;
  });

  /** `program` is sent if the worker does not have it from an earlier run. */
  constructor(stream: RemoteStream, program: Uint8Array) {
    this.#stream = stream;
    this.#program = program;
    const { io, stderr, exit } = stream;
    new PacedReading(
      io,
      (chunk) => this.#onData(chunk),
      () => this.#behind(),
    );
    for (const event of ["end", "close", "error"]) io.on(event, () => this.#gone());
    this.#keepErrors(stderr);
    exit.then(() => setTimeout(() => this.#gone(), LAST_OUTPUT_MS).unref());
  }

  /** Whether it accepts more requests. */
  get open(): boolean {
    return this.#open;
  }

  /** The end of the error output of the runner, or of the command that should start it. */
  get errorText(): string {
    return this.#errorText;
  }

  /** Its exit code; null if the connection closed or no code arrives. */
  async exit(): Promise<number | null> {
    let timer: NodeJS.Timeout | undefined;
    const none = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), LAST_OUTPUT_MS);
    });
    return Promise.race([this.#stream.exit, none]).finally(() => clearTimeout(timer));
  }

  /** Starts a request. While the readers of its output are behind, the runner waits. */
  request(request: RunnerRequest, onOutput: Pending["onOutput"], backPressure?: BackPressure): RunningRequest {
    const id = ++this.#last;
    clearTimeout(this.#idle);
    const ended = new Promise<RequestEnd>((settle) => {
      this.#pending.set(id, { onOutput, backPressure, settle });
    });
    this.#write({ id, ...request });
    if (this.#over) this.#pending.get(id)?.settle(undefined);
    const end = () => {
      this.#write({ id, end: true });
      return ended;
    };
    return { ended, end, send: (more) => this.#writeMore({ id, ...more }), abandon: () => this.#abandon(id) };
  }

  /** Closes a runner that was started without a request after a while, unless it gets a request. */
  rest(): void {
    if (this.#pending.size === 0 && this.#open) this.#closeLater();
  }

  /** Closes the runner immediately; its commands on the worker continue. */
  destroy(): void {
    this.#stream.destroy();
    this.#gone();
  }

  #write(message: object): void {
    if (!this.#over && !this.#stream.io.destroyed) this.#stream.io.write(`${JSON.stringify(message)}\n`);
  }

  async #writeMore(message: object): Promise<void> {
    this.#write(message);
    if (this.#stream.io.writableNeedDrain && !this.#over) await drained(this.#stream.io);
  }

  #keepErrors(stderr: Readable): void {
    stderr.on("error", () => {});
    stderr.on("data", (chunk: Buffer) => {
      this.#errorText = (this.#errorText + chunk.toString()).slice(-ERROR_TEXT);
    });
  }

  #onData(chunk: Buffer): void {
    if (this.#over) return;
    this.#printing = undefined;
    try {
      this.#frames.push(chunk);
    } catch {
      this.destroy();
    }
  }

  #takeFrame(frame: Frame): void {
    if (frame.kind === "output" && frame.id === RECORD_ID) this.#takeRecord(frame.bytes);
    else if (frame.kind === "output") this.#takeOutput(frame);
    else if (frame.kind === "exit") this.#finish(frame.id, frame.code);
    else if (frame.kind === "wants program") this.#stream.io.write(this.#program);
  }

  #takeOutput({ id, stream, bytes }: Extract<Frame, { kind: "output" }>): void {
    const pending = this.#pending.get(id);
    pending?.onOutput(stream, bytes);
    this.#printing = pending?.backPressure ?? this.#printing;
  }

  /** Requests share the stream: while the readers of one are behind, the others wait, too. */
  #behind(): Promise<void> | undefined {
    const caughtUp = this.#over ? undefined : this.#printing?.();
    if (!caughtUp) return undefined;
    const waiting = setInterval(() => this.#write({ id: RECORD_ID, behind: true }), BEHIND_MS).unref();
    return caughtUp.finally(() => clearInterval(waiting));
  }

  /** The record of the worker follows the greeting, and may arrive in parts: two texts, each with a NUL at its end. */
  #takeRecord(bytes: Buffer): void {
    this.#record = Buffer.concat([this.#record, bytes]);
    const first = this.#record.indexOf(NUL);
    const second = first === -1 ? -1 : this.#record.indexOf(NUL, first + 1);
    if (second === -1) return;
    this.fenceText = this.#record.toString("utf8", 0, first);
    this.workerJson = this.#record.toString("utf8", first + 1, second);
    this.#record = Buffer.alloc(0);
    this.#greeted(true);
  }

  #finish(id: number, code: number): void {
    this.#pending.get(id)?.settle(code);
    this.#remove(id);
  }

  #abandon(id: number): void {
    if (!this.#pending.has(id)) return;
    this.#open = false;
    this.#remove(id);
  }

  #remove(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size > 0) return;
    if (this.#open) this.#closeLater();
    else this.destroy();
  }

  #closeLater(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#closeWhenIdle(), IDLE_MS).unref();
  }

  #closeWhenIdle(): void {
    this.#open = false;
    this.#stream.io.end();
  }

  #gone(): void {
    if (this.#over) return;
    this.#over = true;
    this.#open = false;
    clearTimeout(this.#idle);
    this.#greeted(false);
    const left = [...this.#pending.values()];
    this.#pending.clear();
    if (left.length > 0) this.#settleAll(left);
  }

  /** A killed runner still reports an exit code; a runner with a closed connection does not. */
  async #settleAll(left: readonly Pending[]): Promise<void> {
    const code = await this.exit();
    for (const { settle } of left) settle(code || undefined);
  }
}

/** Resolves when a stream accepts more data, or has closed. */
function drained(stream: Duplex): Promise<void> {
  const events = ["drain", "close", "error"];
  return new Promise((resolve) => {
    const settle = () => {
      for (const event of events) stream.off(event, settle);
      resolve();
    };
    for (const event of events) stream.on(event, settle);
  });
}
