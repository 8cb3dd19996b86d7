import type { Writable } from "node:stream";

/** A stream that may be a terminal. */
export type TerminalStream = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

/** Functions to call before and after other code writes to the terminal. */
interface Around {
  /** Returns the text that is written before, to make room. */
  readonly before: () => string;
  /** Called after the write. */
  readonly after: () => void;
}

/** The streams of a terminal while rows are shown on it. */
export interface OtherWrites {
  /** Writes without making room. */
  write(stream: Writable, text: string): void;
  /** Whether a line of other code is incomplete, so that nothing may be drawn. */
  isHeld(): boolean;
  /** Restores the streams. */
  end(): void;
}

/**
 * Makes room for other writes to the terminal: a warning, a prompt, or `console.log` in a plugin. Rows are
 * not drawn again before such a line is complete.
 */
export function otherWrites(
  streams: readonly TerminalStream[],
  isTerminal: (stream: TerminalStream) => boolean,
  { before, after }: Around,
): OtherWrites {
  let isOurs = false;
  let isHeld = false;
  const guarded = [...new Set(streams)].filter(isTerminal).map((stream) => {
    const own = Object.getOwnPropertyDescriptor(stream, "write");
    const write = stream.write.bind(stream);
    const guard = (...args: Parameters<Writable["write"]>): boolean => {
      if (isOurs) return write(...args);
      const text = typeof args[0] === "string" ? args[0] : Buffer.from(args[0]).toString();
      const room = isHeld ? "" : before();
      if (room !== "") ours(() => write(room));
      const isWritten = write(...args);
      isHeld = text === "" ? isHeld : !text.endsWith("\n");
      if (!isHeld) after();
      return isWritten;
    };
    Object.defineProperty(stream, "write", { value: guard, configurable: true, writable: true });
    return { stream, own };
  });

  function ours(work: () => void): void {
    isOurs = true;
    try {
      work();
    } finally {
      isOurs = false;
    }
  }

  return {
    write: (stream, text) => ours(() => stream.write(text)),
    isHeld: () => isHeld,
    end() {
      for (const { stream, own } of guarded)
        if (own) Object.defineProperty(stream, "write", own);
        else Reflect.deleteProperty(stream, "write");
    },
  };
}
