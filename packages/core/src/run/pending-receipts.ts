/** How long the end of a run waits for workers to delete receipts, in milliseconds. */
const PATIENCE_MS = 1_000;

type Forget = () => Promise<void>;

/**
 * The receipts that workers keep for the steps of a run until the store has the results of the steps. When a step is
 * settled, its receipt is deleted in the background. A leftover receipt is harmless, so only the end of the run waits,
 * and only briefly.
 */
export class PendingReceipts {
  readonly #kept = new Map<string, Forget[]>();
  readonly #failed = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();

  /** Adds the function that deletes the receipt of a step of an allocation. */
  add(allocation: string, forget: Forget): void {
    this.#kept.set(allocation, [...(this.#kept.get(allocation) ?? []), forget]);
  }

  /**
   * Records that a step of an allocation failed. Its receipt is deleted at the end of the run, because the result of
   * the step is not on disk until then.
   */
  fail(allocation: string): void {
    this.#failed.add(allocation);
  }

  /** Deletes the receipts of an allocation. The results of its steps must be on disk. */
  settle(allocation: string): void {
    const kept = this.#kept.get(allocation) ?? [];
    this.#kept.delete(allocation);
    for (const forget of kept) {
      const work = Promise.resolve()
        .then(forget)
        .catch(() => {});
      this.#underWay.add(work);
      void work.then(() => this.#underWay.delete(work));
    }
  }

  /**
   * Deletes the receipts of failed steps, and waits up to one second for all deletions. The results of the run must be
   * on disk.
   */
  async end(): Promise<void> {
    for (const allocation of this.#failed) this.settle(allocation);
    if (this.#underWay.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    await Promise.race([Promise.all(this.#underWay), late]);
    clearTimeout(timer);
  }
}
