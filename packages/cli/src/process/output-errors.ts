import type { Writable } from "node:stream";

/** What became of an output stream: the first error that lost something of it, if any. */
export interface OutputWatch {
  lost(): NodeJS.ErrnoException | undefined;
}

/**
 * Keeps errors of an output stream away from the work: a full disk under a redirected output, or a terminal that is gone,
 * must not stop a rollout. A reader that went away, such as head, has lost nothing it wanted.
 */
export function watchOutput(stream: Writable): OutputWatch {
  let first: NodeJS.ErrnoException | undefined;
  stream.on("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EPIPE") first ??= cause;
  });
  return { lost: () => first };
}

/** Waits until everything was written, or its errors are known. */
export function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength > 0) stream.write("", () => resolve());
    else setImmediate(resolve);
  });
}
