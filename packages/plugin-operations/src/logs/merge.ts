import type { StoredLine } from "./stored-lines.ts";

/** A source that returns lines in the order they were written. */
export interface LineSource {
  next(): StoredLine | undefined;
}

/**
 * Merges the lines of all sources by time; lines with the same time are in the order of the sources. Keeps only one
 * line of each source in memory.
 */
export function* mergedByTime(sources: readonly LineSource[]): Generator<StoredLine, void> {
  const heap = new Heap();
  for (const [order, source] of sources.entries()) heap.refill(source, order);
  for (let top = heap.pop(); top; top = heap.pop()) {
    yield top.line;
    heap.refill(top.source, top.order);
  }
}

interface Entry {
  readonly line: StoredLine;
  readonly source: LineSource;
  readonly order: number;
}

/** A binary heap: with a thousand workers, comparing all files for every line would be too slow. */
class Heap {
  readonly #entries: Entry[] = [];

  refill(source: LineSource, order: number): void {
    const line = source.next();
    if (!line) return;
    const entry = { line, source, order };
    const entries = this.#entries;
    let at = entries.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = entries[above];
      if (!parent || !isBefore(entry, parent)) break;
      entries[at] = parent;
      at = above;
    }
    entries[at] = entry;
  }

  pop(): Entry | undefined {
    const entries = this.#entries;
    const [top] = entries;
    const last = entries.pop();
    if (!last || entries.length === 0) return top;
    let at = 0;
    for (;;) {
      const below = this.#smaller(2 * at + 1, 2 * at + 2);
      const child = entries[below];
      if (!child || !isBefore(child, last)) break;
      entries[at] = child;
      at = below;
    }
    entries[at] = last;
    return top;
  }

  #smaller(left: number, right: number): number {
    const [one, two] = [this.#entries[left], this.#entries[right]];
    return one && two && isBefore(two, one) ? right : left;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.line.ts === b.line.ts ? a.order < b.order : a.line.ts < b.line.ts;
}
