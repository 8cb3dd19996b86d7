import { BucketRows, DeliveryRows, HolderRow } from "./bucket-rows.ts";
import { CatalogRows } from "./catalog-rows.ts";
import { ContentRows } from "./content-rows.ts";
import { type OpenOptions, StoreDatabase } from "./database.ts";
import { Journal } from "./journal.ts";
import { KvRows } from "./kv/kv-rows.ts";
import { PendingAfterRows, PendingHealthRows } from "./pending-rows.ts";
import { PromotedRows } from "./promoted-rows.ts";

/** What a bucket remembers: what should be, what is promoted, what is under way. One SQLite file, one member per topic. */
export class Store {
  readonly bucket: BucketRows;
  readonly holder: HolderRow;
  readonly deliveries: DeliveryRows;
  readonly contents: ContentRows;
  readonly catalog: CatalogRows;
  readonly promoted: PromotedRows;
  readonly kv: KvRows;
  readonly journal: Journal;
  readonly pendingAfter: PendingAfterRows;
  readonly pendingHealth: PendingHealthRows;
  readonly #db: StoreDatabase;

  private constructor(db: StoreDatabase) {
    this.#db = db;
    this.bucket = new BucketRows(db);
    this.holder = new HolderRow(db);
    this.deliveries = new DeliveryRows(db);
    this.contents = new ContentRows(db);
    this.catalog = new CatalogRows(db);
    this.promoted = new PromotedRows(db);
    this.kv = new KvRows(db);
    this.journal = new Journal(db);
    this.pendingAfter = new PendingAfterRows(db);
    this.pendingHealth = new PendingHealthRows(db);
  }

  /**
   * Opens a bucket's store; `:memory:` gives one that is gone when closed. Throws STORE_BROKEN, STORE_NEWER, and NOT_A_STORE
   * for the file of another program.
   */
  static open(file: string, options: OpenOptions = {}): Store {
    return new Store(StoreDatabase.open(file, options));
  }

  /** Does `work` as one transaction. It must not await. */
  transaction<T>(work: () => T): T {
    try {
      return this.#db.transaction(work);
    } catch (cause) {
      this.kv.rolledBack();
      this.contents.rolledBack();
      throw cause;
    }
  }

  /** Until the answer is called, all reads are of this moment, whatever other processes store meanwhile. */
  snapshot(): () => void {
    return this.#db.snapshot();
  }

  /** Drops file lists and contents that no remembered promotion has any more; run it where promotions were made. */
  sweepPromotions(): void {
    this.transaction(() => {
      if (this.promoted.sweepTrees()) this.contents.release();
    });
  }

  close(): void {
    this.#db.close();
  }
}
