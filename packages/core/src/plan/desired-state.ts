import type { StoredCatalog } from "../store/catalog-rows.ts";
import type { KvStore } from "../store/kv/kv.ts";

/**
 * A desired state in which the releases of some jobs differ from the stored state. Deploy and dry run plan it in the
 * same way.
 */
export interface DesiredState {
  readonly catalog: StoredCatalog;
  /** Publishes the desired state in a KV store. */
  publish(kv: KvStore): void;
}
