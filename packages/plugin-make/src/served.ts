import type { Duplex } from "node:stream";
import type { OutputStream, RemoteStream } from "@maand/core";
import { type Frame, FrameReader } from "./frames.ts";

/** What a served runner is asked: one target of one job, or to bring files. `timeout` is in seconds. */
export type Wish =
  | {
      readonly target: string;
      readonly job: string;
      readonly timeout: number;
      readonly env: Readonly<Record<string, string>>;
    }
  | { readonly stage: object; readonly timeout: number };

/** How a request came to its end: make's exit code, or undefined when the runner is gone. */
export type Ended = number | undefined;

/** A request under way. */
export interface Asked {
  readonly ended: Promise<Ended>;
  /** Says more about it. Settles when there is room for the next. */
  tell(words: object): Promise<void>;
  /** Ends what it runs there, and tells when that is done. */
  end(): Promise<Ended>;
  /** Waits for it no more, and asks nothing more of a runner that does not answer. */
  forget(): void;
}

/** Milliseconds without a request after which the runner is let go: a worker may allow few sessions (MaxSessions). */
const IDLE_MS = 5_000;
/** Milliseconds a runner's exit code may come later than the end of what it says, or its words later than the code. */
const LAST_WORDS_MS = 1_000;

interface Pending {
  readonly hear: (stream: OutputStream, bytes: Buffer) => void;
  readonly settle: (ended: Ended) => void;
}

/** One runner on one worker that runs what it is asked for side by side, until its input ends. */
export class Served {
  readonly #stream: RemoteStream;
  readonly #pending = new Map<number, Pending>();
  readonly #frames = new FrameReader((frame) => this.#take(frame));
  #greeted: (ready: boolean) => void = () => {};
  #open = true;
  #over = false;
  #last = 0;
  #idle: NodeJS.Timeout | undefined;

  /** Settles when it speaks, or will never. */
  readonly ready = new Promise<boolean>((resolve) => {
    this.#greeted = resolve;
  });

  constructor(stream: RemoteStream) {
    this.#stream = stream;
    const { io, stderr, exit } = stream;
    io.on("data", (chunk: Buffer) => this.#hear(chunk));
    for (const event of ["end", "close", "error"]) io.on(event, () => this.#gone());
    stderr.on("error", () => {}).resume();
    exit.then(() => setTimeout(() => this.#gone(), LAST_WORDS_MS).unref());
  }

  /** Whether it takes more requests. */
  get open(): boolean {
    return this.#open;
  }

  /** Its exit code, or null when the connection was cut or it does not say. */
  async exit(): Promise<number | null> {
    let timer: NodeJS.Timeout | undefined;
    const silent = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), LAST_WORDS_MS);
    });
    return Promise.race([this.#stream.exit, silent]).finally(() => clearTimeout(timer));
  }

  ask(wish: Wish, hear: Pending["hear"]): Asked {
    const id = ++this.#last;
    clearTimeout(this.#idle);
    const ended = new Promise<Ended>((settle) => {
      this.#pending.set(id, { hear, settle });
    });
    this.#tell({ id, ...wish });
    if (this.#over) this.#pending.get(id)?.settle(undefined);
    const end = () => {
      this.#tell({ id, end: true });
      return ended;
    };
    return { ended, end, tell: (words) => this.#tellMore({ id, ...words }), forget: () => this.#forget(id) };
  }

  /** Ends it now; what it runs goes on there by itself. */
  destroy(): void {
    this.#stream.destroy();
    this.#gone();
  }

  #tell(words: object): void {
    if (!this.#over && !this.#stream.io.destroyed) this.#stream.io.write(`${JSON.stringify(words)}\n`);
  }

  async #tellMore(words: object): Promise<void> {
    this.#tell(words);
    if (this.#stream.io.writableNeedDrain && !this.#over) await roomIn(this.#stream.io);
  }

  #hear(chunk: Buffer): void {
    if (this.#over) return;
    try {
      this.#frames.push(chunk);
    } catch {
      this.destroy();
    }
  }

  #take(frame: Frame): void {
    if (frame.kind === "hello") this.#greeted(true);
    else if (frame.kind === "output") this.#pending.get(frame.id)?.hear(frame.stream, frame.bytes);
    else this.#finish(frame.id, frame.code);
  }

  #finish(id: number, code: number): void {
    this.#pending.get(id)?.settle(code);
    this.#leave(id);
  }

  #forget(id: number): void {
    if (!this.#pending.has(id)) return;
    this.#open = false;
    this.#leave(id);
  }

  #leave(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size > 0) return;
    if (this.#open) this.#idle = setTimeout(() => this.#letGo(), IDLE_MS).unref();
    else this.destroy();
  }

  #letGo(): void {
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

  /** A runner that was killed leaves its exit code; one whose connection was cut leaves none. */
  async #settleAll(left: readonly Pending[]): Promise<void> {
    const code = await this.exit();
    for (const { settle } of left) settle(code || undefined);
  }
}

/** Settles when a stream takes more, or will never. */
function roomIn(stream: Duplex): Promise<void> {
  const events = ["drain", "close", "error"];
  return new Promise((resolve) => {
    const settle = () => {
      for (const event of events) stream.off(event, settle);
      resolve();
    };
    for (const event of events) stream.on(event, settle);
  });
}
