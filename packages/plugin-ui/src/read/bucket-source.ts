import { statSync } from "node:fs";
import { type BucketPaths, type Holder, isMaandError, lockHolder, openStore, type Store } from "@maand/core/readonly";

/**
 * How long the working copy of a database counts as up to date, and the pause after a database did not respond, in
 * milliseconds.
 */
const PULL_MS = 2_000;
const AWAY_MS = 30_000;

/**
 * Reads the store of a bucket, without its lock. An SQLite store is opened for each response and then closed, as
 * commands do, so that a command can move or restore it at any time. The working copy of a database remains open,
 * because only a connection knows which command holds the lease. While the database is unreachable, the last state of
 * the copy is read.
 */
export class BucketSource {
  readonly paths: BucketPaths;
  readonly #isShared: boolean;
  readonly #now: () => number;
  #copy: Store | undefined;
  /** The command that held the lock when the store was last read. */
  #holder: Holder | undefined;
  #nextPull = 0;
  /** The processor time of reads, in milliseconds. */
  #cost = 0;

  /** `isShared`: the store is in a database. */
  constructor(paths: BucketPaths, isShared: boolean, now: () => number) {
    this.paths = paths;
    this.#isShared = isShared;
    this.#now = now;
  }

  /** Reads everything from one state of the store. */
  async read<T>(work: (store: Store) => T | Promise<T>): Promise<T> {
    const { value, cost } = await this.readTimed(work);
    this.#cost += cost;
    return value;
  }

  /** Reads, and returns the cost in milliseconds of processor time, which {@link takeCost} does not count. */
  async readTimed<T>(work: (store: Store) => T | Promise<T>): Promise<{ readonly value: T; readonly cost: number }> {
    const before = process.cpuUsage();
    const { store, end } = this.#isShared ? this.#opened() : snapshotOf(openStore(this.paths));
    try {
      const value = await work(store);
      this.#holder = lockHolder(store.holder);
      const { user, system } = process.cpuUsage(before);
      return { value, cost: (user + system) / 1000 };
    } finally {
      end();
    }
  }

  /**
   * Updates the working copy of a database, unless it was updated just before. Throws the errors of the
   * database.
   */
  pull(): void {
    if (!this.#isShared || this.#now() < this.#nextPull) return;
    this.#nextPull = this.#now() + AWAY_MS;
    if (this.#copy) this.#copy.workingCopy?.pull();
    else this.#copy = openStore(this.paths);
    this.#nextPull = this.#now() + PULL_MS;
  }

  close(): void {
    this.#copy?.close();
    this.#copy = undefined;
  }

  #opened(): { readonly store: Store; end(): void } {
    try {
      this.pull();
    } catch (cause) {
      if (!this.#copy) return snapshotOf(openStore(this.paths, { offline: true }));
      if (!isMaandError(cause) || cause.code !== "STORE_UNREACHABLE") throw cause;
    }
    return this.#copy
      ? { store: this.#copy, end: () => undefined }
      : snapshotOf(openStore(this.paths, { offline: true }));
  }

  /**
   * A text that changes whenever the store changes, and also when the command that held the lock has died, because that
   * does not change the store. Only inspects the files from outside, because opening and closing them would release the
   * locks of SQLite.
   */
  mark(): string {
    const { store } = this.paths;
    const holder = lockHolder(this.#copy?.holder ?? { read: () => this.#holder });
    return [...[store, `${store}-wal`].map(markOf), holder?.pid ?? ""].join(" ");
  }

  /** The cost since the last call, in milliseconds. */
  takeCost(): number {
    const cost = this.#cost;
    this.#cost = 0;
    return cost;
  }
}

/** A store that does not change while it is read; `end` closes it. */
function snapshotOf(store: Store): { readonly store: Store; end(): void } {
  const end = store.snapshot();
  return {
    store,
    end() {
      end();
      store.close();
    },
  };
}

/**
 * A text that changes whenever a file changes. An empty write-ahead log is ignored, because SQLite also creates and
 * deletes it when the store is only read.
 */
function markOf(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false });
  return status && status.size > 0 ? `${status.size}@${status.mtimeMs}` : "";
}
