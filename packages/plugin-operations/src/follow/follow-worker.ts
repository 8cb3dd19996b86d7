import { setTimeout as pause } from "node:timers/promises";
import type { Argv, OutputStream, Remote, Worker } from "@maand/core";
import { LineSplitter } from "@maand/core/internal";
import { asMaandError, type Connections } from "@maand/core/operator";

/** Events of one worker while its log is followed. */
export type Notice =
  | { readonly event: "lost"; readonly message: string; readonly retryMs: number }
  | { readonly event: "reconnected" };

/** How following a worker ended: with an exit code, with an error that no retry can fix, or because it was stopped. */
export type FollowEnd =
  | { readonly outcome: "exited"; readonly code: number; readonly lines: readonly string[] }
  | { readonly outcome: "failed"; readonly message: string; readonly hint: string | undefined }
  | { readonly outcome: "stopped" };

/** The receiver of lines and notices. */
export interface FollowSink {
  line(host: string, stream: OutputStream, line: string): void;
  notice(host: string, notice: Notice): void;
  ended(host: string, end: FollowEnd): void;
  /** Resolves when the reader of the output has caught up. */
  ready(): Promise<void>;
  /** Aborts when the output no longer has a reader, such as after `head`. */
  readonly gone: AbortSignal;
}

/** One worker whose log is followed. */
export interface FollowedWorker {
  readonly worker: Worker;
  readonly connections: Pick<Connections, "connect" | "forget">;
  /** Aborts to stop it. */
  readonly signal: AbortSignal;
  /** The command for a connected worker, and its environment. */
  command(remote: Remote): { readonly argv: Argv; readonly env: Readonly<Record<string, string>> };
}

/** The time before the first retry, and the longest time between retries, in milliseconds. */
const RETRY_MS = { first: 1_000, most: 30_000 };

/** How long the worker may take to end the command before the connection is closed, in milliseconds. */
const END_MS = 4_000;

/** Temporary errors. */
const PASSING: ReadonlySet<string> = new Set(["UNREACHABLE", "DISCONNECTED", "TIMED_OUT"]);

/** The number of last lines kept to explain an exit code. */
const LAST_LINES = 5;

/**
 * Follows the log of a job on one worker until its command ends or `signal` aborts. Reconnects when the connection is
 * lost or cannot be made, with growing pauses. Never throws.
 */
export async function followWorker(
  followed: FollowedWorker,
  sink: Pick<FollowSink, "line" | "notice" | "ready">,
): Promise<FollowEnd> {
  const { worker, connections, signal } = followed;
  let retryMs = RETRY_MS.first;
  let isBack = false;
  while (!signal.aborted) {
    const ended = await once(followed, sink, () => {
      if (isBack) sink.notice(worker.host, { event: "reconnected" });
      retryMs = RETRY_MS.first;
    });
    if (signal.aborted) break;
    if (ended.outcome !== "lost") return ended;
    connections.forget(worker.host);
    sink.notice(worker.host, { event: "lost", message: ended.message, retryMs });
    await pause(retryMs, undefined, { signal }).catch(() => undefined);
    retryMs = Math.min(retryMs * 2, RETRY_MS.most);
    isBack = true;
  }
  return { outcome: "stopped" };
}

type Lost = { readonly outcome: "lost"; readonly message: string };

/** One connection, until its end. */
async function once(
  { worker, connections, signal, command }: FollowedWorker,
  sink: Pick<FollowSink, "line" | "notice" | "ready">,
  onStarted: () => void,
): Promise<FollowEnd | Lost> {
  try {
    const remote = await connections.connect(worker, { reportFailure: false });
    const { argv, env } = command(remote);
    const stream = await remote.stream(argv, { title: "the log", env, asRoot: true });
    onStarted();
    const end = () => void stopGently(stream);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    const lines: string[] = [];
    const push = (from: OutputStream) => (line: string) => {
      if (signal.aborted) return; // ignore output that the stop itself causes
      if (lines.push(line) > LAST_LINES) lines.shift();
      sink.line(worker.host, from, line);
    };
    await Promise.all([
      pump(stream.io, push("stdout"), sink),
      pump(stream.stderr, push("stderr"), sink),
      stream.exit,
    ]).finally(() => signal.removeEventListener("abort", end));
    const code = await stream.exit;
    return code === null ? { outcome: "lost", message: "the connection was lost" } : { outcome: "exited", code, lines };
  } catch (cause) {
    const { code, message, hint } = asMaandError(cause);
    return PASSING.has(code) ? { outcome: "lost", message } : { outcome: "failed", message, hint };
  }
}

/** Stops the command on the worker by ending its input. Ignores a worker that does not respond. */
async function stopGently(stream: Awaited<ReturnType<Remote["stream"]>>): Promise<void> {
  stream.io.end();
  const late = setTimeout(() => stream.destroy(), END_MS);
  await stream.exit;
  clearTimeout(late);
}

/** Reads lines to the end, but not faster than the reader of the output. Unread lines remain on the worker. */
async function pump(
  from: NodeJS.ReadableStream,
  onLine: (line: string) => void,
  sink: Pick<FollowSink, "ready">,
): Promise<void> {
  const splitter = new LineSplitter(onLine);
  try {
    for await (const chunk of from) {
      splitter.push(Buffer.from(chunk));
      await sink.ready();
    }
  } catch {
    // the exit code shows whether the connection was lost
  }
  splitter.end();
}
