import { randomUUID } from "node:crypto";
import type { Wake, WakeKind } from "../contract.ts";

/** A message without its sequence number. */
export type News = { readonly kind: Exclude<WakeKind, "hello" | "run"> } | RunNews;

/** Reports that a run has new events. */
export interface RunNews {
  readonly kind: "run";
  readonly run: string;
  readonly last_event: number;
}

/** An open stream. */
interface Listener {
  /** Messages that it has not sent yet: the newest of each subject. */
  readonly waiting: Map<string, Wake>;
  wake(): void;
}

/** The maximum number of streams, in total and per session. A new stream ends the oldest stream. */
const STREAMS = 32;
const OF_SESSION = 4;
/** The interval at which a stream sends a keep-alive message, in milliseconds. */
const ALIVE_MS = 15_000;

/**
 * Numbers messages and sends them to the streams. A stream keeps at most one message for each subject if it is
 * read slowly. A browser detects missed messages as a gap in the numbers, and fetches everything again.
 */
export class Wakes {
  readonly #now: () => Date;
  readonly #epoch = randomUUID();
  readonly #listeners = new Map<Listener, string>();
  readonly #ends = new Map<Listener, () => void>();
  #seq = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** The number of the last message. */
  get seq(): number {
    return this.#seq;
  }

  /** The number of open streams. */
  get open(): number {
    return this.#listeners.size;
  }

  /** Notifies all streams. */
  tell(news: News): void {
    this.#seq += 1;
    const wake: Wake = { seq: this.#seq, epoch: this.#epoch, at: this.#now().toISOString(), ...news };
    const subject = news.kind === "run" ? `run ${news.run}` : news.kind;
    for (const listener of this.#listeners.keys()) {
      listener.waiting.delete(subject);
      listener.waiting.set(subject, wake);
      listener.wake();
    }
  }

  /** A stream of server-sent events for a session. Messages are created only when the reader requests them. */
  stream(session: string): Response {
    const waiting = new Map<string, Wake>();
    let wake = () => {};
    const listener: Listener = { waiting, wake: () => wake() };
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#add(listener, session, () => controller.close());
          waiting.set("hello", this.#hello());
        },
        pull: async (controller) => {
          if (waiting.size === 0) {
            const woken = new Promise<void>((resolve) => {
              wake = resolve;
            });
            const timer = setTimeout(() => {
              waiting.set("hello", this.#hello());
              wake();
            }, ALIVE_MS);
            await woken;
            clearTimeout(timer);
          }
          const text = [...waiting.values()].map(messageOf).join("");
          waiting.clear();
          if (this.#listeners.has(listener)) controller.enqueue(new TextEncoder().encode(text));
        },
        cancel: () => this.#remove(listener),
      },
      { highWaterMark: 1 },
    );
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  /** Ends all streams. */
  close(): void {
    for (const listener of [...this.#listeners.keys()]) this.#end(listener);
  }

  #hello(): Wake {
    return { seq: this.#seq, epoch: this.#epoch, kind: "hello", at: this.#now().toISOString() };
  }

  #add(listener: Listener, session: string, end: () => void): void {
    const own = [...this.#listeners].filter(([, of]) => of === session).map(([one]) => one);
    if (own.length >= OF_SESSION) this.#end(own[0]);
    else if (this.#listeners.size >= STREAMS) this.#end([...this.#listeners.keys()][0]);
    this.#listeners.set(listener, session);
    this.#ends.set(listener, end);
  }

  #end(listener: Listener | undefined): void {
    if (!listener) return;
    const end = this.#ends.get(listener);
    this.#remove(listener);
    try {
      end?.();
    } catch {
      // it was already closed
    }
    listener.wake();
  }

  #remove(listener: Listener): void {
    this.#listeners.delete(listener);
    this.#ends.delete(listener);
    listener.wake();
  }
}

function messageOf(wake: Wake): string {
  return `id: ${wake.seq}\ndata: ${JSON.stringify(wake)}\n\n`;
}
