import { statSync } from "node:fs";
import { type BucketPaths, openStore, type Store } from "@maand/core/readonly";

/**
 * Reads the store of a bucket: opens it for each answer and closes it at once, as commands do, so that nothing is in the way of a command
 * that moves or restores it. Takes no lock.
 */
export class BucketSource {
  readonly paths: BucketPaths;
  /** Milliseconds of processor time that reading has cost. */
  #cost = 0;

  constructor(paths: BucketPaths) {
    this.paths = paths;
  }

  /** Reads all in one state of the store. A working copy of a database is read as it is; {@link pull} brings it up to date. */
  async read<T>(work: (store: Store) => T | Promise<T>): Promise<T> {
    const before = process.cpuUsage();
    const store = openStore(this.paths, { offline: true });
    const end = store.snapshot();
    try {
      return await work(store);
    } finally {
      end();
      store.close();
      const { user, system } = process.cpuUsage(before);
      this.#cost += (user + system) / 1000;
    }
  }

  /** Brings the working copy of a database up to date. */
  pull(): void {
    openStore(this.paths).close();
  }

  /** Changes whenever the store does. Looks at the files from outside: to open them would end the locks of SQLite. */
  mark(): string {
    const { store } = this.paths;
    return [store, `${store}-wal`].map(markOf).join(" ");
  }

  /** The cost since the last call, in milliseconds. */
  takeCost(): number {
    const cost = this.#cost;
    this.#cost = 0;
    return cost;
  }
}

/** An empty log of writes says nothing: SQLite makes and deletes it when the store is only read. */
function markOf(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false });
  return status && status.size > 0 ? `${status.size}@${status.mtimeMs}` : "";
}
