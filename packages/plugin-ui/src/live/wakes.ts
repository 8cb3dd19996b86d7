import { randomUUID } from "node:crypto";
import type { Wake, WakeKind } from "../contract.ts";

/** What happened, apart from when. */
export type News = { readonly kind: Exclude<WakeKind, "hello" | "run"> } | RunNews;

/** A run has new events. */
export interface RunNews {
  readonly kind: "run";
  readonly run: string;
  readonly last_event: number;
}

/** A stream that is open. */
interface Listener {
  /** What it has not sent, by subject: only the newest of each counts. */
  readonly waiting: Map<string, Wake>;
  wake(): void;
}

/** Streams at a time, and of one session; a newer one ends the oldest. */
const STREAMS = 32;
const OF_SESSION = 4;
/** Milliseconds after which a stream sends a sign of life. */
const ALIVE_MS = 15_000;

/**
 * Numbers what happens, and wakes the streams. A stream holds at most one message for each subject, however slowly it is read: what a
 * browser misses by that it sees as a gap, and fetches.
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

  /** How many streams are open. */
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

  /** A stream of server-sent events for a session. It is pulled: what a reader does not read is not made. */
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
      // it was closed already
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
