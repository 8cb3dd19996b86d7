import type { BucketSource } from "./bucket-source.ts";

/**
 * While pages follow a run, the pause after a read is its duration multiplied by this factor, so that reads take
 * 0.25% of a core.
 */
const PAUSE_FACTOR = 400;

interface Kept<T> {
  readonly mark: string;
  readonly at: number;
  readonly value: Promise<T>;
  /** The time until which it is used although the store has changed, in milliseconds of the clock. */
  until: number;
  /** Whether something has happened that must be shown soon. */
  isExpired: boolean;
}

/** A value that is read from the complete store, and kept until the store changes. */
export class KeptView<T> {
  readonly #source: BucketSource;
  readonly #now: () => number;
  /** Whether pages follow changes, so that a change is reported to them when this may be read again. */
  readonly #isFollowed: () => boolean;
  readonly #read: (store: Parameters<Parameters<BucketSource["read"]>[0]>[0]) => T | Promise<T>;
  #kept: Kept<T> | undefined;
  #reported: Kept<T> | undefined;

  constructor(
    source: BucketSource,
    clock: { readonly now: () => number; readonly isFollowed: () => boolean },
    read: (store: Parameters<Parameters<BucketSource["read"]>[0]>[0]) => T | Promise<T>,
  ) {
    this.#source = source;
    this.#now = clock.now;
    this.#isFollowed = clock.isFollowed;
    this.#read = read;
  }

  /**
   * The value, and the time when it was read. With `maxAgeMs`, a value that also depends on other files is read again
   * after this time.
   */
  get(maxAgeMs = Number.POSITIVE_INFINITY): { readonly at: number; readonly value: Promise<T> } {
    const mark = this.#source.mark();
    const now = this.#now();
    const mayLag = this.#isFollowed() && this.#kept !== undefined && now < this.#kept.until;
    if (this.#kept && (mayLag || (this.#kept.mark === mark && now <= this.#kept.at + maxAgeMs))) return this.#kept;
    const kept: Kept<T> = {
      mark,
      at: this.#now(),
      until: Number.POSITIVE_INFINITY,
      isExpired: false,
      value: this.#source.readTimed(this.#read).then(({ value, cost }) => {
        kept.until = kept.isExpired ? 0 : this.#now() + cost * PAUSE_FACTOR;
        return value;
      }),
    };
    this.#kept = kept;
    kept.value.catch(() => {
      if (this.#kept === kept) this.#kept = undefined;
    });
    return kept;
  }

  /** Makes the next request read the store again. */
  expire(): void {
    if (this.#kept) Object.assign(this.#kept, { until: 0, isExpired: true });
  }

  /** Whether the store has changed since then and may be read again; true once for each read. */
  takeIsBehind(): boolean {
    const kept = this.#kept;
    if (!kept || kept === this.#reported || this.#now() < kept.until || kept.mark === this.#source.mark()) return false;
    this.#reported = kept;
    return true;
  }
}
