import type { StoredCatalog } from "../store/catalog-rows.ts";
import type { KvStore } from "../store/kv/kv.ts";

/**
 * A desired state that differs from the stored one in the releases of some jobs. Deploy and dry run plan it in the same
 * way.
 */
export interface DesiredState {
  readonly catalog: StoredCatalog;
  /** Publishes it in a KV store. */
  publish(kv: KvStore): void;
}
