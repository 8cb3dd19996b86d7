import { signal } from "@preact/signals";
import type { Wake } from "../../src/contract.ts";

/** The state of the connection to the server. */
export interface Connection {
  readonly state: "connecting" | "live" | "lost";
  /** The time of the last data from the server, in milliseconds. */
  readonly lastDataAt: number;
}

export const connection = signal<Connection>({ state: "connecting", lastDataAt: Date.now() });

/** A stream without data for this time counts as lost, because the server sends data every 15 seconds. */
const SILENCE_MS = 40_000;
const RETRY_MS = [500, 1000, 2000, 5000];
const CHANNEL = "maand-stream";

/**
 * The messages between tabs: a message of the stream, the connection of the tab that reads the stream, or a request for
 * that.
 */
type Message = { readonly wake: Wake } | { readonly state: Connection["state"] } | { readonly isRequest: true };

/** The listeners of the stream. */
interface Listener {
  onWake(wake: Wake): void;
  /** Called when a stream has ended or cannot be opened, before the next attempt. */
  onLost(): void;
}

/**
 * Follows the stream of the server, and calls `onWake` for each message. All tabs of a browser share one stream,
 * because a browser opens few connections to a server. The tab that holds a lock reads the stream and passes its
 * messages on; another tab takes over when that tab is closed.
 */
export function followStream({ onWake, onLost }: Listener): void {
  const channel = new BroadcastChannel(CHANNEL);
  const take: Pass = (message) => {
    const state = "wake" in message ? "live" : message.state;
    connection.value = { state, lastDataAt: state === "live" ? Date.now() : connection.peek().lastDataAt };
    if ("wake" in message) onWake(message.wake);
    if (state === "lost") onLost();
  };
  let isReader = false;
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (!("isRequest" in data)) take(data);
    else if (isReader) channel.postMessage({ state: connection.peek().state });
  };
  channel.postMessage({ isRequest: true });
  setInterval(() => {
    const { state, lastDataAt } = connection.peek();
    if (state === "live" && Date.now() - lastDataAt > SILENCE_MS) take({ state: "lost" });
  }, 5000);
  void navigator.locks.request(CHANNEL, () => {
    isReader = true;
    return readForever((message) => {
      channel.postMessage(message);
      take(message);
    });
  });
}

type Pass = (message: Exclude<Message, { readonly isRequest: true }>) => void;

/**
 * Reads the stream until the tab is closed; the promise never settles. The pauses between attempts grow to at most five
 * seconds.
 */
async function readForever(pass: Pass): Promise<never> {
  for (let failures = 0; ; failures += 1) {
    const hasData = await readOnce(pass);
    if (hasData) failures = 0;
    pass({ state: "lost" });
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]));
  }
}

/** Reads one stream to its end; returns whether any data arrived. */
function readOnce(pass: Pass): Promise<boolean> {
  return new Promise((resolve) => {
    const stream = new EventSource("./api/stream");
    let [hasData, silence] = [false, 0];
    const end = () => {
      clearTimeout(silence);
      stream.close();
      resolve(hasData);
    };
    const wait = () => {
      clearTimeout(silence);
      silence = window.setTimeout(end, SILENCE_MS);
    };
    stream.onmessage = ({ data }) => {
      hasData = true;
      wait();
      pass({ wake: JSON.parse(String(data)) });
    };
    stream.onerror = end;
    wait();
  });
}
