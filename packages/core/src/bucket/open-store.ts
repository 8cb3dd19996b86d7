import type { BucketPaths } from "../config/find-bucket.ts";
import { MaandError } from "../errors.ts";
import { Store } from "../store/store.ts";

/** Opens the store of a completely initialised bucket. Throws NOT_A_BUCKET if it is not. */
export function openStore({ root, store: file }: Pick<BucketPaths, "root" | "store">): Store {
  const store = Store.open(file);
  if (store.bucket.read()) return store;
  store.close();
  throw new MaandError({
    code: "NOT_A_BUCKET",
    message: `maand init was interrupted in ${root}`,
    hint: `run maand init in ${root} again`,
  });
}
