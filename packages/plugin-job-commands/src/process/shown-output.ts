import type { OutputStream } from "@maand/core";

/** The most lines that are held back for a comparison; longer output is shown as it comes. */
const MOST_HELD = 200;

type Show = (line: string, stream: OutputStream) => void;

/** A line of one process, and the end of its output. */
export interface Comparison {
  readonly push: Show;
  end(): void;
}

/**
 * Remembers what repeated runs of the same commands printed, so that a health check that waits shows a traceback once and not
 * at each attempt. The first run of a command is shown as it comes; a later one is held back, and shown only if it differs.
 */
export class ShownOutput {
  readonly #last = new Map<string, string>();

  /** The output of one run. `key` identifies the command and its allocation, `place` its directory, which always differs. */
  compare(key: string, place: string, show: Show): Comparison {
    const held: [string, OutputStream][] = [];
    const earlier = this.#last.get(key);
    let text = "";
    let lines = 0;
    let live = earlier === undefined;
    const flush = () => {
      live = true;
      for (const line of held.splice(0)) show(...line);
    };
    return {
      push: (line, stream) => {
        lines += 1;
        if (lines <= MOST_HELD) text += `${stream} ${line.replaceAll(place, "")}\n`;
        if (live) return show(line, stream);
        held.push([line, stream]);
        if (held.length > MOST_HELD) flush();
      },
      end: () => {
        if (!live && text !== earlier) flush();
        this.#last.set(key, lines > MOST_HELD ? `${lines} lines` : text);
      },
    };
  }
}
