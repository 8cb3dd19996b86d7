/** A minimum and a maximum. */
export type Range = readonly [min: number, max: number];

/**
 * Random numbers that depend only on the seed and on their purpose, not on the order in which they are drawn. Two runs
 * with the same seed have the same workers, even if their commands interleave differently.
 */
export class Draws {
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** A number of at least 0 and less than 1. */
  share(...about: readonly string[]): number {
    let hash = (0x811c9dc5 ^ this.#seed) >>> 0;
    for (const word of about)
      for (let at = 0; at <= word.length; at += 1)
        hash = Math.imul(hash ^ (at < word.length ? word.charCodeAt(at) : 0), 0x01000193) >>> 0;
    return mixed(hash) / 0x1_0000_0000;
  }

  /** A number in a range, usually near its minimum and rarely near its maximum, like delays and sizes. */
  within([min, max]: Range, ...about: readonly string[]): number {
    return min + (max - min) * this.share(...about) ** 3;
  }
}

/** Spreads a hash over all bits, because the hashes of similar words differ only in a few bits. */
function mixed(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
