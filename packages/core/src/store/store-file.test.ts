import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { storeState } from "./integrity.ts";
import { migrate, pendingMigrations, STORE_VERSION } from "./migrations.ts";
import { Store } from "./store.ts";

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maand-store-file-"));
  file = join(directory, "maand.db");
});

afterEach(() => rmSync(directory, { recursive: true }));

/** Makes an SQLite file of another program. */
function database(...statements: readonly string[]): void {
  const db = new Sqlite(file);
  for (const statement of statements) db.exec(statement);
  db.close();
}

const GO_TABLES = [
  "CREATE TABLE bucket (bucket_id TEXT, update_seq INT)",
  "CREATE TABLE worker (worker_id TEXT, worker_ip TEXT, PRIMARY KEY(worker_ip))",
  "CREATE TABLE key_value (key TEXT, value TEXT, namespace TEXT, version INT)",
  "CREATE TABLE hash (namespace TEXT, key TEXT, current_hash TEXT, PRIMARY KEY(namespace, key))",
  "CREATE TABLE schema_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)",
  "INSERT INTO schema_version VALUES (1, 4)",
];

interface Case {
  readonly name: string;
  make(): unknown;
  readonly code: "STORE_BROKEN" | "NOT_A_STORE";
  readonly message: string;
  readonly hint: string;
}

const cases: readonly Case[] = [
  {
    name: "a file of zero bytes",
    make: () => writeFileSync(file, ""),
    code: "STORE_BROKEN",
    message: "it is empty (0 bytes)",
    hint: "restore data/ from a backup",
  },
  {
    name: "a text file",
    make: () => writeFileSync(file, "this is no database\n".repeat(100)),
    code: "STORE_BROKEN",
    message: "it is damaged, or was never a store",
    hint: "restore data/ from a backup",
  },
  {
    name: "a text file shorter than the first page of a database",
    make: () => writeFileSync(file, "half"),
    code: "STORE_BROKEN",
    message: "it is damaged, or was never a store",
    hint: "restore data/ from a backup",
  },
  {
    name: "a database without tables",
    make: () => database("PRAGMA user_version = 1", "PRAGMA user_version = 0"),
    code: "STORE_BROKEN",
    message: "it is an SQLite database without any table",
    hint: "restore data/ from a backup",
  },
  {
    name: "the database of another program",
    make: () => database("CREATE TABLE urls (url TEXT)", "CREATE TABLE visits (at INT)", "PRAGMA user_version = 3"),
    code: "NOT_A_STORE",
    message: "it is an SQLite database of another program (tables: urls, visits)",
    hint: "move it away, and restore data/ from a backup",
  },
  {
    name: "the database of another program whose tables have the same names as those of maand",
    make: () => database("CREATE TABLE bucket (name TEXT)", "CREATE TABLE worker (name TEXT)"),
    code: "NOT_A_STORE",
    message: "it is an SQLite database of another program (tables: bucket, worker)",
    hint: "move it away",
  },
  {
    name: "the store of the earlier maand, written in Go",
    make: () => database(...GO_TABLES),
    code: "NOT_A_STORE",
    message: "it belongs to the earlier maand, which was written in Go",
    hint: "run maand import ",
  },
  {
    name: "a directory",
    make: () => mkdirSync(file),
    code: "NOT_A_STORE",
    message: "it is a directory",
    hint: "move it away",
  },
  {
    name: "a named pipe",
    make: () => execFileSync("mkfifo", [file]),
    code: "NOT_A_STORE",
    message: "it is not a regular file",
    hint: "move it away",
  },
  {
    name: "a link to a missing file",
    make: () => symlinkSync(join(directory, "gone"), file),
    code: "STORE_BROKEN",
    message: "it is a link to a file that does not exist",
    hint: "restore data/ from a backup",
  },
];

describe("a foreign file in place of the store", () => {
  for (const { name, make, code, message, hint } of cases) {
    for (const create of [false, true]) {
      it(`is refused by ${create ? "init" : "any other command"}, and not changed, if it is ${name}`, () => {
        make();
        const before = left();
        expect(() => Store.open(file, { create })).toThrow(
          expect.objectContaining({
            code,
            message: expect.stringContaining(message),
            hint: expect.stringContaining(hint),
          }),
        );
        expect(left()).toEqual(before);
      });
    }

    it(`is reported by doctor if it is ${name}`, () => {
      make();
      expect(storeState(file)).toMatchObject({
        state: code === "NOT_A_STORE" ? "foreign" : "damaged",
        message: expect.stringContaining(message),
      });
    });
  }

  /** The entries of the directory, with their contents. */
  function left(): unknown[] {
    return readdirSync(directory, { withFileTypes: true }).map((entry) => [
      entry.name,
      entry.isFile() ? readFileSync(join(directory, entry.name)).toString("latin1") : undefined,
    ]);
  }
});

describe("the store of a bucket", () => {
  it("has an application id that distinguishes it from other databases", () => {
    Store.open(file, { create: true }).close();
    const db = new Sqlite(file, { readonly: true });
    expect(db.pragma("application_id", { simple: true })).toBe(0x6d61_616e);
    db.close();
    expect(storeState(file)).toMatchObject({ state: "sound" });
  });

  it.each(Array.from({ length: STORE_VERSION - 1 }, (_, at) => at + 1))(
    "is recognized without the id if it has version %i, and receives the id",
    (version) => {
      const db = new Sqlite(file);
      migrate(db, version);
      db.pragma("application_id = 0");
      db.close();
      expect(storeState(file)).toMatchObject({ state: "older" });
      Store.open(file).close();
      expect(storeState(file)).toMatchObject({ state: "sound" });
    },
  );

  it("needs the migrations after its version, each listed with the tables that it changes", () => {
    const db = new Sqlite(file);
    migrate(db, 12);
    db.close();
    expect(storeState(file)).toMatchObject({ state: "older", version: 12 });
    const pending = pendingMigrations(12);
    expect(pending.map(({ version }) => version)).toEqual(
      Array.from({ length: STORE_VERSION - 12 }, (_, at) => at + 13),
    );
    expect(pendingMigrations(0).filter(({ tables }) => tables.length === 0)).toEqual([]);
    expect(pendingMigrations(STORE_VERSION)).toEqual([]);
  });

  it("is completed by init if an earlier init was killed", () => {
    writeFileSync(file, "");
    Store.open(file, { create: true, mayBeEmpty: true }).close();
    expect(storeState(file)).toMatchObject({ state: "sound" });
  });
});
