import type { Written } from "../domain/workspace/catalog.ts";
import type { StoreDatabase } from "./database.ts";
import type { Holder, HolderRecord } from "./lock/holder.ts";

/** A workspace as it was built: the options it was read with, and the digest of each part by path. */
export interface BuiltWorkspace {
  /** Selector of the override file; "" for the default file. */
  readonly selector: string;
  /** Maximum size of a job file in bytes. */
  readonly maxBytes: number;
  readonly parts: Readonly<Record<string, string>>;
  /**
   * The commit of the workspace, with `+changes` if there were uncommitted changes; absent outside git and in older
   * stores.
   */
  readonly commit?: string;
  /** Who built it, where and when (UTC, ISO 8601); absent in older stores. */
  readonly by?: string;
  readonly machine?: string;
  readonly at?: string;
  /**
   * The other input of job placement, in addition to workers and manifests, as written; absent in stores of older
   * versions.
   */
  readonly placing?: Pick<Written, "disabled" | "portRange" | "overrides">;
}

/** The bucket's own row: its identity and its sync counter (`update_seq`). */
export class BucketRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** Undefined before `maand init`. */
  read(): { readonly id: string; readonly updateSeq: number } | undefined {
    const row = this.#db.get("SELECT bucket_id, update_seq FROM bucket");
    return row && { id: String(row.bucket_id), updateSeq: Number(row.update_seq) };
  }

  create(id: string, updateSeq = 0): void {
    this.#db.run("INSERT INTO bucket (one, bucket_id, update_seq) VALUES (1, ?, ?)", id, updateSeq);
  }

  /** The workspace of the last build; undefined before the first build. */
  built(): BuiltWorkspace | undefined {
    const text = this.#db.get("SELECT built FROM bucket")?.built;
    if (typeof text !== "string") return undefined;
    const built: BuiltWorkspace = JSON.parse(text);
    return built;
  }

  setBuilt(built: BuiltWorkspace): void {
    this.#db.run("UPDATE bucket SET built = ?", JSON.stringify(built));
  }

  /** Increments the sync counter and returns the new number. */
  nextUpdateSeq(): number {
    this.#db.run("UPDATE bucket SET update_seq = update_seq + 1");
    return this.read()?.updateSeq ?? 0;
  }
}

/** The record of the command that holds the bucket's lock. In a shared store, this command holds the lease. */
export class HolderRow implements HolderRecord {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  read(): Holder | undefined {
    if (this.#db.workingCopy) return this.#db.workingCopy.holder();
    const text = this.#db.get("SELECT holder FROM bucket")?.holder;
    if (typeof text !== "string") return undefined;
    const holder: Holder = JSON.parse(text);
    return holder;
  }

  write(holder: Holder): void {
    this.#db.briefly("UPDATE bucket SET holder = ?", JSON.stringify(holder));
  }

  clear(): void {
    this.#db.briefly("UPDATE bucket SET holder = NULL");
  }
}

/** The last sync to a worker, used by the sync check and the metadata sync. */
export interface Delivery {
  /** `update_seq` in the worker's `worker.json`; undefined while a sync is in doubt. */
  readonly seq: number | undefined;
  /** Digest of its metadata files without the sequence number. */
  readonly metadata: string | undefined;
  /** Tools that were found on the worker, as `Connections` writes them; undefined if unknown. */
  readonly tools: string | undefined;
}

/** The last syncs, by worker. */
export class DeliveryRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  all(): Map<string, Delivery> {
    const rows = this.#db.all("SELECT host, delivered_seq, metadata, tools FROM delivery");
    return new Map(
      rows.map((row) => [
        String(row.host),
        {
          seq: row.delivered_seq === null ? undefined : Number(row.delivered_seq),
          metadata: row.metadata === null ? undefined : String(row.metadata),
          tools: row.tools === null ? undefined : String(row.tools),
        },
      ]),
    );
  }

  /** Whether files were synced to a worker. */
  has(host: string): boolean {
    return this.#db.get("SELECT 1 FROM delivery WHERE host = ?", host) !== undefined;
  }

  /** The recorded directories that files were synced to, by worker. Workers without a sync are absent. */
  roots(): Map<string, string> {
    const rows = this.#db.all("SELECT host, root FROM delivery WHERE root IS NOT NULL");
    return new Map(rows.map(({ host, root }) => [String(host), String(root)]));
  }

  /**
   * The recorded directory that files were synced to on a worker; undefined before the first sync. A deploy reads it
   * for each worker, while the records of other syncs wait to be stored together.
   */
  rootOf(host: string): string | undefined {
    const row = this.#db.getAtOnce("SELECT root FROM delivery WHERE host = ?", host);
    return row && row.root !== null ? String(row.root) : undefined;
  }

  /**
   * Records that the state of a worker is unknown until a sync finishes. Call this before the sync. `root` is the
   * target directory; default: the directory of the last sync.
   */
  begin(host: string, root?: string): void {
    this.#db.run(
      "INSERT INTO delivery (host, delivered_seq, metadata, root) VALUES (?, NULL, NULL, ?) ON CONFLICT (host) DO UPDATE SET metadata = NULL, tools = NULL, root = coalesce(excluded.root, root)",
      host,
      root ?? null,
    );
  }

  finish(host: string, { seq, metadata, tools }: Delivery): void {
    const update = "UPDATE delivery SET delivered_seq = ?, metadata = ?, tools = ? WHERE host = ?";
    this.#db.later(update, seq ?? null, metadata ?? null, tools ?? null, host);
  }

  /** Forgets the recorded tools of a worker, which may be out of date. Call this after an error on the worker. */
  distrust(host: string): void {
    this.#db.later("UPDATE delivery SET tools = NULL WHERE host = ? AND tools IS NOT NULL", host);
  }

  forget(host: string): void {
    this.#db.run("DELETE FROM delivery WHERE host = ?", host);
  }
}
