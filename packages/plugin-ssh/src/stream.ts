import type { RemoteStream } from "@maand/core";
import type { ClientChannel } from "ssh2";
import { exitCodeOf } from "./exit-code.ts";

const GOODBYE_MS = 1_000;

/** A channel as somebody else's stream, and when it is over. */
export interface OpenStream extends RemoteStream {
  readonly closed: Promise<void>;
}

/** Hands a channel over; `preface` goes to its input first, and an aborted signal ends it. */
export function streamOver(channel: ClientChannel, preface: string, signal: AbortSignal | undefined): OpenStream {
  let given = () => {};
  const closed = new Promise<void>((resolve) => {
    given = resolve;
    channel.once("close", () => resolve());
  });
  const destroy = () => {
    channel.close();
    setTimeout(given, GOODBYE_MS).unref(); // a worker that is frozen never says that it closed
  };
  const exit = new Promise<number | null>((resolve) => {
    channel.once("exit", (code: number | null, name?: string) => resolve(code ?? (name ? exitCodeOf(name) : null)));
    closed.then(() => resolve(null));
  });
  channel.on("error", () => {});
  signal?.addEventListener("abort", destroy, { once: true });
  closed.then(() => signal?.removeEventListener("abort", destroy));
  if (signal?.aborted) destroy();
  if (preface !== "") channel.write(preface);
  return { io: channel, stderr: channel.stderr, exit, destroy, closed };
}
