import type { Writable } from "node:stream";

/** The state of an output stream: the first error that caused a loss of output, if any. */
export interface OutputWatch {
  lost(): NodeJS.ErrnoException | undefined;
}

/**
 * Handles errors of an output stream, so that they do not affect the command: a full disk under a redirected output, or
 * a closed terminal, must not stop a rollout. A reader that exits early, such as head, has lost nothing.
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
