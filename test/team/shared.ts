import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { Store } from "../../packages/core/src/store/store.ts";
import { makeWorkingCopy, moveToDatabase } from "../../packages/core/src/store/team/move.ts";
import { allRows } from "../../packages/core/src/store/team/row-changes.ts";
import type { SharedStore } from "../../packages/core/src/store/team/shared-store.ts";
import { type Postgres, startPostgres } from "../support/postgres/postgres.ts";

export const AT = "2026-01-01T00:00:00.000Z";

/** A database with one bucket. Each call to `open` opens a separate working copy. */
export interface SharedBucket {
  readonly url: string;
  readonly id: string;
  readonly shared: SharedStore;
  /** Opens a new working copy, or the existing one in a file. */
  open(file?: string): Store;
  /** Returns a path for a new working copy. */
  file(): string;
  /** Runs SQL in the database; `$ID` is the quoted id of the bucket. */
  sql(text: string): string;
}

/** A server for the tests of one file, and buckets in it. */
export class Databases {
  readonly postgres: Postgres;
  readonly #directory = mkdtempSync(join(tmpdir(), "maand-team-"));
  #files = 0;
  #shared: string | undefined;
  readonly #open: Store[] = [];

  private constructor(postgres: Postgres) {
    this.postgres = postgres;
  }

  static async start(): Promise<Databases> {
    return new Databases(await startPostgres());
  }

  file(): string {
    this.#files += 1;
    return join(this.#directory, `store-${this.#files}.db`);
  }

  /**
   * Creates a bucket. `prepare` writes its store before the store moves to the database. With `alone`, the bucket has a
   * separate database.
   */
  bucket(prepare: (store: Store) => void = () => {}, { alone = false, timeoutMs = 5000 } = {}): SharedBucket {
    const url = alone ? this.postgres.database() : this.#common();
    const id = randomUUID();
    const shared = { url: url.replace(":secret@", "@"), password: "secret", timeoutMs, now: () => AT };
    const first = this.file();
    const store = Store.open(first, { create: true });
    store.bucket.create(id);
    prepare(store);
    store.close();
    moveToDatabase(first, shared);
    return {
      url,
      id,
      shared,
      file: () => this.file(),
      sql: (text) => this.postgres.sql(url, text.replaceAll("$ID", `'${id}'`)),
      open: (file) => {
        const path = file ?? this.file();
        if (file === undefined) makeWorkingCopy(path, shared, id);
        const opened = Store.open(path, { shared });
        this.#open.push(opened);
        return opened;
      },
    };
  }

  #common(): string {
    this.#shared ??= this.postgres.database();
    return this.#shared;
  }

  /** Closes all stores that are open. */
  closeAll(): void {
    for (const store of this.#open.splice(0)) {
      try {
        store.close();
      } catch {
        // the store is already closed, or its database is unreachable
      }
    }
  }

  async dispose(): Promise<void> {
    this.closeAll();
    await this.postgres.dispose();
    rmSync(this.#directory, { recursive: true });
  }
}

/** All rows of the store in a file. */
export function rowsIn(file: string): string[] {
  const db = new Sqlite(file, { readonly: true });
  try {
    return [...allRows(db)].map(({ name, row, bytes }) => `${name} ${row} ${bytes?.toString("hex") ?? ""}`);
  } finally {
    db.close();
  }
}
