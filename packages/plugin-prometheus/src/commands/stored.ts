import { MaandCommand } from "@maand/command";
import { findBucket, openStore, type Store } from "@maand/core/readonly";

/** A command that only reads the last build. */
export abstract class StoredCommand extends MaandCommand {
  abstract show(store: Store): number;

  override async work(): Promise<number> {
    const store = openStore(findBucket(this.from));
    try {
      return this.show(store);
    } finally {
      store.close();
    }
  }
}
