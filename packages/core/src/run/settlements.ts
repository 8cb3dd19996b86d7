/** Milliseconds that the end of a run waits for workers to forget what they kept. */
const PATIENCE_MS = 1_000;

type Forget = () => Promise<void>;

/**
 * What workers keep for steps of a run until the store has the result. It is forgotten when the step is settled; that it is
 * not forgotten does no harm, so nothing waits for it but the end of the run.
 */
export class Settlements {
  readonly #kept = new Map<string, Forget[]>();
  readonly #failed = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();

  /** Keeps what forgets a step of an allocation. */
  add(allocation: string, forget: Forget): void {
    this.#kept.set(allocation, [...(this.#kept.get(allocation) ?? []), forget]);
  }

  /** A step of an allocation failed: the end of the run forgets it, since its result is not on the disk before. */
  fail(allocation: string): void {
    this.#failed.add(allocation);
  }

  /** The results of an allocation are on the disk. */
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

  /** The end of the run: its results are on the disk. */
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
