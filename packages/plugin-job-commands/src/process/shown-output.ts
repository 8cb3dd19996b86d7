import type { OutputStream } from "@maand/core";

/** The maximum number of lines that are held back for a comparison; longer output is shown as it arrives. */
const MAX_HELD = 200;

type Show = (line: string, stream: OutputStream) => void;

/** A line of one process, and the end of its output. */
export interface Comparison {
  readonly push: Show;
  end(): void;
}

/**
 * Records the output of repeated runs of the same commands, so that a waiting health check shows a traceback once and
 * not at each attempt. The output of the first run is shown as it arrives. Later output is held back, and shown only if
 * it differs.
 */
export class ShownOutput {
  readonly #last = new Map<string, string>();

  /**
   * Receives the output of one run. `key` identifies the command and its allocation. `place` is its directory, which is
   * different in every run.
   */
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
        if (lines <= MAX_HELD) text += `${stream} ${line.replaceAll(place, "")}\n`;
        if (live) return show(line, stream);
        held.push([line, stream]);
        if (held.length > MAX_HELD) flush();
      },
      end: () => {
        if (!live && text !== earlier) flush();
        this.#last.set(key, lines > MAX_HELD ? `${lines} lines` : text);
      },
    };
  }
}
