import { BucketRows, DeliveryRows, HolderRow } from "./bucket-rows.ts";
import { CatalogRows } from "./catalog-rows.ts";
import { ContentRows } from "./content-rows.ts";
import { type OpenOptions, StoreDatabase } from "./database.ts";
import { CopyRows } from "./fence/copy-rows.ts";
import { HistoryRows } from "./fence/history-rows.ts";
import { LeftBehindRows } from "./fleet/left-behind-rows.ts";
import { RepairRows } from "./fleet/repair-rows.ts";
import { Journal } from "./journal.ts";
import { KvRows } from "./kv/kv-rows.ts";
import { SecretSourceRows } from "./kv/secret-source-rows.ts";
import { MaintenanceRows } from "./maintenance/maintenance-rows.ts";
import { DowntimeRows, PendingAfterRows, PendingHealthRows, RolloutRows } from "./pending-rows.ts";
import { PluginStateRows } from "./plugin-state-rows.ts";
import { PromotedRows } from "./promoted-rows.ts";
import { ReleaseRows } from "./release-rows.ts";
import { SettledRows } from "./settled/settled-rows.ts";
import { Gathering } from "./team/gathering.ts";
import type { RowChange } from "./team/row-changes.ts";
import type { WorkingCopy } from "./team/working-copy.ts";
import { JobStateRows } from "./views/job-state-rows.ts";

/**
 * How long the work of `together` waits for other work, in milliseconds. The time is shorter than a write to a disk,
 * and about as long as a round trip to a database.
 */
const GATHERING_MS = 5;
const GATHERING_SHARED_MS = 50;

/** The state of a bucket: desired, promoted and in progress. One SQLite file, with one member per topic. */
export class Store {
  readonly bucket: BucketRows;
  readonly holder: HolderRow;
  readonly deliveries: DeliveryRows;
  readonly history: HistoryRows;
  readonly copyOf: CopyRows;
  readonly contents: ContentRows;
  readonly catalog: CatalogRows;
  readonly promoted: PromotedRows;
  readonly settled: SettledRows;
  readonly jobStates: JobStateRows;
  readonly releases: ReleaseRows;
  readonly kv: KvRows;
  readonly secretSources: SecretSourceRows;
  readonly journal: Journal;
  readonly pendingAfter: PendingAfterRows;
  readonly pendingHealth: PendingHealthRows;
  readonly rollouts: RolloutRows;
  readonly downtimes: DowntimeRows;
  readonly pluginState: PluginStateRows;
  readonly maintenance: MaintenanceRows;
  readonly repairs: RepairRows;
  readonly leftBehind: LeftBehindRows;
  readonly #db: StoreDatabase;
  #gathering: Gathering | undefined;

  private constructor(db: StoreDatabase) {
    this.#db = db;
    db.onRolledBack(() => this.#rolledBack());
    this.bucket = new BucketRows(db);
    this.holder = new HolderRow(db);
    this.deliveries = new DeliveryRows(db);
    this.history = new HistoryRows(db);
    this.copyOf = new CopyRows(db);
    this.contents = new ContentRows(db);
    this.catalog = new CatalogRows(db);
    this.promoted = new PromotedRows(db);
    this.settled = new SettledRows(db);
    this.jobStates = new JobStateRows(db);
    this.releases = new ReleaseRows(db);
    this.kv = new KvRows(db);
    this.secretSources = new SecretSourceRows(db);
    this.journal = new Journal(db);
    this.pendingAfter = new PendingAfterRows(db);
    this.pendingHealth = new PendingHealthRows(db);
    this.rollouts = new RolloutRows(db);
    this.downtimes = new DowntimeRows(db);
    this.pluginState = new PluginStateRows(db);
    this.maintenance = new MaintenanceRows(db);
    this.repairs = new RepairRows(db);
    this.leftBehind = new LeftBehindRows(db);
  }

  /**
   * Opens a bucket's store; `:memory:` is an in-memory store, which is lost when closed. Throws STORE_BROKEN,
   * STORE_NEWER, and NOT_A_STORE for the file of another program.
   */
  static open(file: string, options: OpenOptions = {}): Store {
    return new Store(StoreDatabase.open(file, options));
  }

  /** A copy of the store in memory, for changes that will be discarded. Close the copy when done. */
  copy(): Store {
    return new Store(this.#db.copy());
  }

  /** Runs `work` as one transaction. `work` must not await. */
  transaction<T>(work: () => T): T {
    try {
      return this.#db.transaction(work);
    } catch (cause) {
      this.#rolledBack();
      throw cause;
    }
  }

  /**
   * Runs `work` in one transaction with other work that is added at about the same time, because each transaction waits
   * for the disk or, with a shared store, for a round trip. `work` must not await.
   */
  async together<T>(work: () => T): Promise<T> {
    const windowMs = this.workingCopy ? GATHERING_SHARED_MS : GATHERING_MS;
    this.#gathering ??= new Gathering((all) => this.transaction(all), windowMs);
    return this.#gathering.add(work);
  }

  #rolledBack(): void {
    this.kv.rolledBack();
    this.contents.rolledBack();
  }

  /** The working copy of a store in PostgreSQL; undefined for an SQLite store. */
  get workingCopy(): WorkingCopy | undefined {
    return this.#db.workingCopy;
  }

  /** Until the returned function is called, all reads see this snapshot, independent of writes by other processes. */
  snapshot(): () => void {
    return this.#db.snapshot();
  }

  /** Deletes file lists and contents that no recorded promotion uses. Call this after promotions. */
  sweepPromotions(): void {
    this.transaction(() => {
      if (this.promoted.sweepTrees()) this.contents.release();
    });
  }

  /** Writes a copy of the store to a private file, and replaces the file if it exists. */
  copyTo(file: string): void {
    this.#db.copyTo(file);
  }

  /** Replaces all rows of the store with these rows, or changes nothing. */
  replaceRows(rows: readonly RowChange[]): void {
    this.#db.replaceRows(rows);
    this.#rolledBack();
  }

  /** Stores the deferred writes, if that is possible. */
  flushIfPossible(): void {
    this.#db.flushIfPossible();
  }

  close(): void {
    this.#db.close();
  }
}
