import { type BucketPaths, findBucket, openStore, type Store } from "@maand/core/readonly";
import { MaandCommand } from "../command.ts";

/** A command that only reads the store: it loads no plugins and no configuration, and opens no connections. */
export abstract class StoredCommand extends MaandCommand {
  abstract show(store: Store, paths: BucketPaths): number | Promise<number>;

  override async work(): Promise<number> {
    const paths = findBucket(this.from);
    const store = openStore(paths);
    try {
      return await this.show(store, paths);
    } finally {
      store.close();
    }
  }
}
