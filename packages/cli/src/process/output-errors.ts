import type { Writable } from "node:stream";

/** The state of an output stream: the first error that caused a loss of output, if any. */
export interface OutputWatch {
  lost(): NodeJS.ErrnoException | undefined;
}

/**
 * Handles errors of an output stream, so that they do not affect the command: a full disk, or a closed terminal, must
 * not stop a rollout. If the reader exits early, as head does, no output counts as lost.
 */
export function watchOutput(stream: Writable): OutputWatch {
  let first: NodeJS.ErrnoException | undefined;
  stream.on("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EPIPE") first ??= cause;
  });
  return { lost: () => first };
}

/** Waits until all output is written, or its errors are known. */
export function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength > 0) stream.write("", () => resolve());
    else setImmediate(resolve);
  });
}
