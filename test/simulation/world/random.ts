/** Numbers drawn from one seed: the same seed draws the same numbers. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
    for (let skipped = 0; skipped < 4; skipped += 1) this.next(); // because the first numbers of adjacent seeds are similar
  }

  /** A number from 0 to less than 1, from the generator mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A number between two others. */
  between(min: number, max: number): number {
    return min + this.next() * (max - min);
  }

  /** A whole number from 0 to less than `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(all: readonly [T, ...T[]]): T {
    return all[this.below(all.length)] ?? all[0];
  }

  /** A delay of a network or machine in milliseconds: usually short, rarely very long. */
  delay(): number {
    const kind = this.next();
    if (kind < 0.9) return this.between(1, 40);
    return kind < 0.98 ? this.between(40, 1500) : this.between(1500, 70_000);
  }

  /** Random bytes, in place of those from the system. */
  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count);
    for (let at = 0; at < count; at += 1) bytes[at] = this.below(256);
    return bytes;
  }
}
