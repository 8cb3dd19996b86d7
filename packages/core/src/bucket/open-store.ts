import type { BucketPaths } from "../config/find-bucket.ts";
import { type StoreOptions, storePlace } from "../config/store/store-place.ts";
import { MaandError } from "../errors.ts";
import { Store } from "../store/store.ts";

/**
 * Opens the store of a completely initialised bucket, and updates its working copy if the store is in a database.
 * Throws NOT_A_BUCKET if the initialisation of the bucket is incomplete. Also throws the errors of the database.
 */
export function openStore(paths: Pick<BucketPaths, "root" | "store" | "conf">, options: StoreOptions = {}): Store {
  const shared = storePlace(paths, options);
  const store = Store.open(paths.store, shared ? { shared } : {});
  if (store.bucket.read()) return store;
  store.close();
  throw new MaandError({
    code: "NOT_A_BUCKET",
    message: `maand init was interrupted in ${paths.root}`,
    hint: `run maand init in ${paths.root} again`,
  });
}
