import type { StoreDatabase } from "./database.ts";
import type { Holder, HolderRecord } from "./lock/holder.ts";

/** A workspace as it was built: how it was read, and the digest of each of its parts by its path. */
export interface BuiltWorkspace {
  /** Which override file was read; "" for the usual one. */
  readonly selector: string;
  /** Bytes a file of a job could have. */
  readonly maxBytes: number;
  readonly parts: Readonly<Record<string, string>>;
}

/** The bucket's own row: who it is, and the count of its deliveries. */
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

  create(id: string): void {
    this.#db.run("INSERT INTO bucket (one, bucket_id) VALUES (1, ?)", id);
  }

  /** The workspace as it was when it was built last; undefined before the first build. */
  built(): BuiltWorkspace | undefined {
    const text = this.#db.get("SELECT built FROM bucket")?.built;
    if (typeof text !== "string") return undefined;
    const built: BuiltWorkspace = JSON.parse(text);
    return built;
  }

  setBuilt(built: BuiltWorkspace): void {
    this.#db.run("UPDATE bucket SET built = ?", JSON.stringify(built));
  }

  /** Counts one delivery up and answers the new number. */
  nextUpdateSeq(): number {
    this.#db.run("UPDATE bucket SET update_seq = update_seq + 1");
    return this.read()?.updateSeq ?? 0;
  }
}

/** The command that holds the bucket's lock, as it wrote itself down. */
export class HolderRow implements HolderRecord {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  read(): Holder | undefined {
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

/** What was delivered to a worker last: the sync check and the metadata sync both stand on it. */
export interface Delivery {
  /** `update_seq` in the worker's `worker.json`; undefined while a delivery is in doubt. */
  readonly seq: number | undefined;
  /** Digest of its metadata files without the sequence number. */
  readonly metadata: string | undefined;
  /** Tools that were found there, as `Connections` writes them; undefined when nobody knows any more. */
  readonly tools: string | undefined;
}

/** Deliveries by worker. */
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

  /** Before a sync: until it is finished nobody knows what is there. */
  begin(host: string): void {
    this.#db.run(
      "INSERT INTO delivery (host, delivered_seq, metadata) VALUES (?, NULL, NULL) ON CONFLICT (host) DO UPDATE SET metadata = NULL, tools = NULL",
      host,
    );
  }

  finish(host: string, { seq, metadata, tools }: Delivery): void {
    const update = "UPDATE delivery SET delivered_seq = ?, metadata = ?, tools = ? WHERE host = ?";
    this.#db.later(update, seq ?? null, metadata ?? null, tools ?? null, host);
  }

  /** Something went wrong there: what is known of its tools may be what is wrong. */
  distrust(host: string): void {
    this.#db.later("UPDATE delivery SET tools = NULL WHERE host = ? AND tools IS NOT NULL", host);
  }

  forget(host: string): void {
    this.#db.run("DELETE FROM delivery WHERE host = ?", host);
  }
}
