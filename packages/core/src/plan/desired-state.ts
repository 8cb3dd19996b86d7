import type { StoredCatalog } from "../store/catalog-rows.ts";
import type { KvStore } from "../store/kv/kv.ts";

/** A desired state other than the stored one: with other releases of some jobs. Deploy and dry run plan it alike. */
export interface DesiredState {
  readonly catalog: StoredCatalog;
  /** Publishes it in a KV store. */
  publish(kv: KvStore): void;
}
