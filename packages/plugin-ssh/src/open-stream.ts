import type { RemoteStream } from "@maand/core";
import { loginFailure, readToMarker } from "@maand/core/internal";
import type { ClientChannel } from "ssh2";
import { disconnected, interrupted } from "./errors.ts";
import { exitCodeOf } from "./follow-command.ts";

const CLOSE_MS = 1_000;

/** A command on a channel, whose streams are handed over to the caller. */
export interface StreamedCommand {
  readonly worker: string;
  readonly user: string;
  readonly title: string;
  /** Written to its input first. */
  readonly preface: string;
  /** Stops the command when it aborts. */
  readonly signal: AbortSignal | undefined;
}

/** A channel whose stream is being opened. */
export interface OpenedStream {
  /** The stream, after its command has started; earlier output of the login is dropped. */
  readonly begun: Promise<RemoteStream>;
  /** Resolves when the channel is closed, or when waiting for it has ended. */
  readonly closed: Promise<void>;
}

/**
 * Opens the stream of a channel.
 * @throws, as `begun`, AUTH_FAILED or WORKER_LACKS if the login ends before the command starts, DISCONNECTED,
 * INTERRUPTED
 */
export function openStream(channel: ClientChannel, command: StreamedCommand): OpenedStream {
  const { preface, signal } = command;
  let giveUp = () => {};
  const givenUp = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  const closed = Promise.race([givenUp, new Promise<void>((resolve) => void channel.once("close", () => resolve()))]);
  let destroyed = false;
  const destroy = () => {
    destroyed = true;
    channel.close();
    setTimeout(giveUp, CLOSE_MS).unref(); // a frozen worker never confirms the end
  };
  const code = new Promise<number | null>((resolve) => {
    channel.once("exit", (status: number | null, name?: string) => resolve(status ?? (name ? exitCodeOf(name) : null)));
    closed.then(() => resolve(null));
  });
  const exit = code.then((status) => (destroyed ? null : status));
  channel.on("error", () => {});
  signal?.addEventListener("abort", destroy, { once: true });
  closed.then(() => signal?.removeEventListener("abort", destroy));
  if (signal?.aborted) destroy();
  if (preface !== "") channel.write(preface);
  const stream = { io: channel, stderr: channel.stderr, exit, destroy };
  const markers = Promise.all([readToMarker(channel), readToMarker(channel.stderr)]);
  const begun = Promise.race([markers, givenUp]).then(async (printed) => {
    const [stdout, stderr] = printed ?? ["", ""];
    if (stdout === undefined && stderr === undefined) return stream;
    destroy();
    throw notBegun(command, await code, { stdout: stdout ?? "", stderr: stderr ?? "" });
  });
  begun.catch(() => {}); // nothing else handles this if the run was interrupted just before
  return { begun, closed };
}

function notBegun(
  { worker, user, title, signal }: StreamedCommand,
  code: number | null,
  printed: { readonly stdout: string; readonly stderr: string },
): Error {
  if (signal?.aborted) return interrupted(worker, title);
  if (code === null) return disconnected(worker, title);
  return loginFailure({ host: worker, user, code, ...printed });
}
