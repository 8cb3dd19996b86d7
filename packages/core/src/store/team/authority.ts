import { randomUUID } from "node:crypto";
import { isMaandError, MaandError } from "../../errors.ts";
import type { Holder } from "../lock/holder.ts";
import type { Beat, Row } from "./pg/messages.ts";
import { CREATE_SCHEMA, PART_BYTES, SCHEMA_VERSION } from "./pg/schema.ts";
import type { Statements } from "./pg/statements.ts";
import type { RowChange } from "./row-changes.ts";
import { RunRecordRows } from "./run-record-rows.ts";

/** The lease of a bucket, as recorded in the database. */
export interface LeaseState {
  readonly number: number;
  /** Null if no command holds it. */
  readonly nonce: string | null;
  readonly holder: Holder | null;
  /** Milliseconds until it expires, on the clock of the database; negative if it has expired. */
  readonly leftMs: number | null;
}

/** The revision of a bucket in the database. */
export interface Standing {
  readonly revision: number;
  /** The version of its tables. */
  readonly version: number;
  /** Working copies with an older revision are replaced completely. */
  readonly pruned: number;
  readonly lastChange: string | null;
  /** The change that created the requested revision. */
  readonly sinceChange: string | null;
  readonly lease: LeaseState | null;
}

/** A response of the database: the revision of the bucket, and rows. With `more`, further rows follow. */
export interface Pulled {
  readonly standing: Standing;
  readonly rows: readonly RowChange[];
  readonly more: boolean;
}

/** The proof that a command holds the lease. */
export interface LeaseProof {
  readonly number: number;
  readonly nonce: string;
}

/** A change to store. */
export interface Change {
  readonly expected: number;
  readonly rows: Iterable<RowChange>;
  readonly lease: LeaseProof | undefined;
  /** The new version of the tables. */
  readonly version?: number;
  /** Whether rows that are not given are deleted. */
  readonly replace?: boolean;
}

/** The result of storing a change. */
export type Applied =
  | { readonly outcome: "stored"; readonly revision: number; readonly change: string }
  | { readonly outcome: "outdated" }
  | { readonly outcome: "lease"; readonly holder: Holder | null };

/**
 * One bucket in a PostgreSQL database, which is authoritative. Most methods take one round trip, or several for large
 * data.
 */
export class Authority {
  readonly #statements: Statements;
  readonly bucket: string;
  readonly url: string;

  constructor(statements: Statements, bucket: string, url: string) {
    this.#statements = statements;
    this.bucket = bucket;
    this.url = url;
  }

  /** The number of round trips so far. */
  get trips(): number {
    return this.#statements.trips;
  }

  /**
   * Returns the rows that changed after a revision, starting after the row `last`. Throws STORE_LACKS_BUCKET,
   * STORE_MOVED and STORE_NEWER.
   */
  pull(since: number, last: { readonly name: string; readonly key: string } = { name: "", key: "" }): Pulled {
    return this.#read(
      this.#statements.query("SELECT * FROM maand.pull($1, $2, $3, $4)", [this.bucket, since, last.name, last.key]),
    );
  }

  /** Yields the first response, and then requests and yields the responses that follow it. */
  *parts(first: Pulled, since: number): Generator<Pulled> {
    for (let part = first; ; ) {
      yield part;
      const last = part.rows.at(-1);
      if (!part.more || !last) return;
      part = this.pull(since, last);
    }
  }

  /**
   * Tries to take the lease, and pulls in the same round trip. The result names the command that holds the lease
   * afterwards.
   */
  take(since: number, nonce: string, holder: Holder, ttlMs: number): Pulled {
    const sql = "SELECT * FROM maand.take($1, $2, $3, $4, $5)";
    return this.#read(this.#statements.query(sql, [this.bucket, since, nonce, JSON.stringify(holder), ttlMs]));
  }

  /** Renews the lease from the database thread, until the returned function is called. */
  beat({ number, nonce }: LeaseProof, ttlMs: number, everyMs: number, onBeat: (beat: Beat) => void): () => void {
    const sql = "SELECT maand.renew($1, $2, $3, $4) AS renewed";
    return this.#statements.beat(sql, [this.bucket, number, nonce, ttlMs], everyMs, onBeat);
  }

  /** Processes results of renewals that have arrived. */
  receiveBeats(): void {
    this.#statements.receive();
  }

  /** Releases the lease; returns false if another command has taken it already. */
  release({ number, nonce }: LeaseProof): boolean {
    const patience = { limitMs: 3000, attemptMs: 3000 };
    const sql = "SELECT maand.release($1, $2, $3) AS released";
    return this.#statements.query(sql, [this.bucket, number, nonce], patience)[0]?.released === true;
  }

  /**
   * Ends the lease of a process that is known to be dead; returns false if another command has taken the lease already.
   */
  endDead(lease: LeaseState): boolean {
    return lease.nonce !== null && this.release({ number: lease.number, nonce: lease.nonce });
  }

  /** Stores a change completely or not at all, and only once, even if the connection is lost. */
  apply({ expected, rows, lease, version, replace = false }: Change): Applied {
    const change = randomUUID();
    let part: RowChange[] = [];
    let size = 0;
    let parts = 0;
    for (const row of rows) {
      part.push(row);
      size += 100 + (row.row?.length ?? 0) + (row.bytes?.length ?? 0);
      if (size <= PART_BYTES) continue;
      this.#statements.query("SELECT maand.put_part($1, $2, $3, $4, $5, $6, $7)", [
        this.bucket,
        change,
        parts,
        ...columns(part),
      ]);
      [part, size, parts] = [[], 0, parts + 1];
    }
    const sql = "SELECT maand.apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS done";
    const proof = [lease?.number ?? null, lease?.nonce ?? null];
    const values = [this.bucket, expected, change, ...proof, version ?? null, replace, parts, ...columns(part)];
    const done = this.#statements.query(sql, values)[0]?.done;
    return this.#applied(done, change);
  }

  /** Whether the database has the bucket. */
  exists(): boolean {
    return this.#statements.query("SELECT 1 FROM maand.bucket WHERE id = $1", [this.bucket]).length > 0;
  }

  /** Creates the schema if it is missing, and the bucket without rows. */
  create(version: number): void {
    if (!this.#hasSchema()) this.#createSchema();
    this.#statements.query("INSERT INTO maand.bucket (id, store_version) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
      this.bucket,
      version,
    ]);
  }

  /** Marks the bucket as moved, so that it can no longer be used. */
  markMoved(to: string): void {
    this.#statements.query("UPDATE maand.bucket SET moved_to = $2 WHERE id = $1", [this.bucket, to]);
  }

  /** Removes the mark of a move; returns whether the bucket was marked. */
  unmarkMoved(): boolean {
    const sql = "UPDATE maand.bucket SET moved_to = NULL WHERE id = $1 AND moved_to IS NOT NULL RETURNING id";
    return this.#statements.query(sql, [this.bucket]).length > 0;
  }

  /** The records of runs. */
  get records(): RunRecordRows {
    return new RunRecordRows(this.#statements, this.bucket);
  }

  close(): void {
    this.#statements.close();
  }

  #hasSchema(): boolean {
    return this.#statements.query("SELECT to_regclass('maand.layout') IS NOT NULL AS found", [])[0]?.found === true;
  }

  /** Creates the schema. Another command might create it at the same time. */
  #createSchema(): void {
    try {
      this.#statements.query(CREATE_SCHEMA, []);
    } catch (cause) {
      if (!isMaandError(cause) || !this.#hasSchema()) throw cause;
    }
  }

  #read(rows: readonly Row[]): Pulled {
    const [head, ...rest] = rows;
    if (!head) throw this.#lacksBucket();
    const more = rest.at(-1)?.name === "";
    const standing = this.#standing(JSON.parse(String(head.row)));
    return { standing, more, rows: (more ? rest.slice(0, -1) : rest).map(rowOf) };
  }

  #standing(head: Standing & { readonly minimum: number; readonly movedTo: string | null }): Standing {
    if (head.minimum > SCHEMA_VERSION)
      throw new MaandError({
        code: "STORE_NEWER",
        message: `the database ${this.url} needs a newer version of maand`,
        hint: "use the version of maand that its other users have",
      });
    if (head.movedTo !== null) throw this.#moved(head.movedTo);
    return head;
  }

  #applied(done: unknown, change: string): Applied {
    const { outcome, revision, holder, to } = Object(done);
    if (outcome === "stored") return { outcome, revision: Number(revision), change };
    if (outcome === "outdated") return { outcome };
    if (outcome === "lease") return { outcome, holder: holder ?? null };
    if (outcome === "moved") throw this.#moved(String(to));
    if (outcome === "missing") throw this.#lacksBucket();
    throw new MaandError({
      code: "STORE_BROKEN",
      message: `the store ${this.url} responded to a change with ${JSON.stringify(done)}; nothing was stored`,
      hint: "run the command again",
    });
  }

  #moved(to: string): MaandError {
    return new MaandError({
      code: "STORE_MOVED",
      message: `the store of this bucket was moved away from ${this.url}, to ${to}`,
      hint: "set store in maand.conf to where it is now",
    });
  }

  #lacksBucket(): MaandError {
    return new MaandError({
      code: "STORE_LACKS_BUCKET",
      message: `the database ${this.url} has no bucket ${this.bucket}`,
      hint: "check store in maand.conf; a database that was restored may be older than the bucket",
    });
  }
}

function columns(rows: readonly RowChange[]): unknown[] {
  return [
    rows.map(({ name }) => name),
    rows.map(({ key }) => key),
    rows.map(({ row }) => row),
    rows.map(({ bytes }) => bytes),
  ];
}

function rowOf({ name, key, row, bytes }: Row): RowChange {
  return {
    name: String(name),
    key: String(key),
    row: row === null ? null : String(row),
    bytes: bytes instanceof Uint8Array ? Buffer.from(bytes) : null,
  };
}
