import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { errorText } from "../../../errors.ts";
import { databaseError } from "./database-error.ts";
import {
  type Answer,
  type Beat,
  type BeatMessage,
  monotonicMs,
  type PgTarget,
  type Request,
  type Row,
  type Session,
} from "./messages.ts";
import type { Patience, Statements } from "./statements.ts";
import { waitForAnswer } from "./wait-for-answer.ts";

/** The extra time, after the timeout of a statement, in which the thread can report that timeout, in milliseconds. */
const SLACK_MS = 10_000;
/** How long a statement waits if the wait for an earlier statement was interrupted, in milliseconds. */
const GIVEN_UP_MS = 500;

/**
 * Runs statements in PostgreSQL through a thread, and waits for the results, because the store is synchronous. While a
 * statement runs, this thread does nothing else.
 */
export class PgThread implements Statements {
  readonly #target: PgTarget;
  readonly #patience: Patience;
  readonly #interrupted: AbortSignal | undefined;
  readonly #answered = new SharedArrayBuffer(4);
  readonly #signal = new Int32Array(this.#answered);
  #port: MessagePort | undefined;
  #next = 1;
  #trips = 0;
  #isGivenUp = false;
  /** The receiver of the results of each active heartbeat. */
  readonly #onBeat = new Map<number, (beat: Beat) => void>();
  /** Statements that were sent and have not ended. */
  readonly #onEnd = new Map<number, () => void>();

  /** `interrupted`: if set, Ctrl-C ends a wait only if this signal is aborted; default: Ctrl-C always ends a wait. */
  constructor(target: PgTarget, patience: Patience, interrupted?: AbortSignal) {
    this.#target = target;
    this.#patience = patience;
    this.#interrupted = interrupted;
  }

  get trips(): number {
    return this.#trips;
  }

  query(sql: string, values: readonly unknown[], patience = this.#patience): readonly Row[] {
    const port = this.#start();
    const id = this.#next++;
    this.#trips += 1;
    port.postMessage({ kind: "query", id, sql, values, ...patience } satisfies Request);
    const end = performance.now() + (this.#isGivenUp ? GIVEN_UP_MS : patience.limitMs + SLACK_MS);
    for (;;) {
      const seen = Atomics.load(this.#signal, 0);
      const answer = this.#received(id);
      if (answer) this.#isGivenUp = false;
      if (answer?.rows) return answer.rows;
      if (answer?.failure) throw databaseError(this.#target.url, answer.failure);
      const left = end - performance.now();
      if (left <= 0) throw databaseError(this.#target.url, { code: "NO_ANSWER", message: "no response in time" });
      if (!waitForAnswer(this.#signal, seen, left) && this.#interrupted?.aborted !== false) this.#giveUp();
    }
  }

  /**
   * After an interrupted wait, the command is stopping, so later statements wait only briefly until a result arrives
   * again.
   */
  #giveUp(): never {
    this.#isGivenUp = true;
    throw databaseError(this.#target.url, {
      code: "INTERRUPTED",
      message: "the wait for its response was interrupted",
    });
  }

  send(sql: string, values: readonly unknown[], patience = this.#patience): Promise<void> {
    const id = this.#next++;
    const ended = new Promise<void>((resolve) => {
      this.#onEnd.set(id, resolve);
    });
    this.#start().postMessage({ kind: "query", id, sql, values, ...patience } satisfies Request);
    return ended;
  }

  beat(sql: string, values: readonly unknown[], everyMs: number, onBeat: (beat: Beat) => void): () => void {
    const id = this.#next++;
    this.#onBeat.set(id, onBeat);
    this.#start().postMessage({ kind: "beat", id, sql, values, everyMs } satisfies Request);
    return () => {
      if (this.#onBeat.delete(id)) this.#port?.postMessage({ kind: "still", id } satisfies Request);
    };
  }

  receive(): void {
    this.#received(0);
  }

  close(): void {
    this.#port?.postMessage({ kind: "end" } satisfies Request);
    this.#port = undefined;
    for (const onEnd of this.#onEnd.values()) onEnd();
    this.#onEnd.clear();
  }

  /** Processes the messages that have arrived. Drops results of statements that are no longer awaited. */
  #received(id: number): Answer | undefined {
    const port = this.#port;
    for (let got = port && receiveMessageOnPort(port); got; got = port && receiveMessageOnPort(port)) {
      const message: Answer | BeatMessage = got.message;
      if ("beat" in message) this.#noteBeat(message);
      else if (message.id === id) return message;
      else this.#noteEnd(message);
    }
    return undefined;
  }

  #noteEnd({ id }: Answer): void {
    this.#onEnd.get(id)?.();
    this.#onEnd.delete(id);
  }

  /**
   * Passes on the result of a heartbeat. If the heartbeat has ended, the result is dropped, because the lease was
   * released.
   */
  #noteBeat({ beat, sentAt, ...result }: BeatMessage): void {
    this.#onBeat.get(beat)?.({ ...result, sent: performance.now() - (monotonicMs() - sentAt) });
  }

  #start(): MessagePort {
    if (this.#port) return this.#port;
    const { port1, port2 } = new MessageChannel();
    if (!running) mustHaveFreeFiles(this.#target.url);
    const session: Session = { ...this.#target, answered: this.#answered, port: port2 };
    theThread().postMessage(session, [port2]);
    port1.on("message", (message: Answer | BeatMessage) => {
      if ("beat" in message) this.#noteBeat(message);
      else this.#noteEnd(message);
    });
    port1.unref(); // messages do not keep the process alive
    this.#port = port1;
    return port1;
  }
}

/** The number of file descriptors that the thread and its connections need. */
const NEEDED_FILES = 12;

/**
 * Throws if too few file descriptors are free. A thread that cannot start for this reason could not report the problem,
 * because this thread waits for it.
 */
function mustHaveFreeFiles(url: string): void {
  const open: number[] = [];
  try {
    while (open.length < NEEDED_FILES) open.push(openSync("/dev/null", "r"));
  } catch (cause) {
    throw databaseError(url, { code: "EMFILE", message: errorText(cause) });
  } finally {
    for (const file of open) closeSync(file);
  }
}

let running: Worker | undefined;

/** The thread that runs the statements. The process has only one, which ends with the process. */
function theThread(): Worker {
  if (running) return running;
  const started = isSource
    ? new Worker(FROM_SOURCE, { eval: true, argv: [createRequire(import.meta.url).resolve("jiti"), HERE] })
    : new Worker(new URL("./store-thread.cjs", import.meta.url));
  const forget = () => {
    if (running === started) running = undefined;
  };
  started.on("error", forget);
  started.on("exit", forget);
  started.unref();
  running = started;
  return started;
}

const isSource = import.meta.url.endsWith(".ts");
const HERE = new URL("./thread-entry.ts", import.meta.url).pathname;
/** Starts the thread from TypeScript: tests run without a build, and Node 20 cannot run TypeScript. */
const FROM_SOURCE = "require(process.argv[2]).createJiti(process.argv[3]).import(process.argv[3])";
