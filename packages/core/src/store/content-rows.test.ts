import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, it } from "vitest";
import { migrate } from "./migrations.ts";
import { Store } from "./store.ts";

let directory = "";
let file = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maand-contents-"));
  file = join(directory, "maand.db");
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

function storeWith(work: (store: Store) => void): void {
  const store = Store.open(file, { create: true });
  work(store);
  store.close();
}

it("the migration to the content tables keeps the promoted file contents of an older store", () => {
  const db = new Database(file);
  migrate(db, 4);
  for (const statement of [
    "INSERT INTO allocation VALUES ('a1', 'api', '10.0.0.1', 0, 0, 0)",
    `INSERT INTO tree VALUES ('d', '[{"path":"x","hash":"promoted","executable":false}]')`,
    "INSERT INTO promoted (allocation, digest, scheme, version) VALUES ('a1', 'd', 1, '1.0.0')",
    "INSERT INTO content VALUES ('promoted', x'61'), ('built', x'62')",
  ])
    db.exec(statement);
  db.close();
  storeWith((store) => {
    store.contents.sweep();
    expect([store.contents.find("promoted"), store.contents.find("built")]).toEqual([
      { bytes: Buffer.from("a"), sealed: false },
      undefined,
    ]);
  });
});

it("file content is stored once, and is only created the first time", () => {
  storeWith((store) => {
    let made = 0;
    for (const _ of [1, 2, 3])
      store.contents.keep("h", () => {
        made += 1;
        return { bytes: bytes("x"), sealed: false };
      });
    expect(made).toBe(1);
  });
});

it("file content of a failed transaction is stored by the next transaction that contains it", () => {
  storeWith((store) => {
    const keep = () => store.contents.keep("h", () => ({ bytes: bytes("x"), sealed: false }));
    expect(() =>
      store.transaction(() => {
        keep();
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(store.contents.find("h")).toBeUndefined();
    store.transaction(keep);
    expect(store.contents.find("h")).toBeDefined();
  });
});

it("encrypted file content is replaced with clear text if a file of a job has the same content", () => {
  storeWith((store) => {
    store.contents.keep("h", () => ({ bytes: bytes("sealed"), sealed: true }));
    store.contents.put("h", [bytes("clear")]);
    expect(store.contents.find("h")).toEqual({ bytes: Buffer.from("clear"), sealed: false });
  });
});

it("file content of any size is stored and read in pieces, and deleted as a whole", () => {
  storeWith((store) => {
    const pieces = ["first ", "second ", "third"].map(bytes);
    store.transaction(() => store.contents.put("h", pieces));
    expect([...store.contents.pieces("h")].map(String)).toEqual(pieces.map((piece) => String(Buffer.from(piece))));
    expect(Buffer.from(store.contents.read("h")).toString()).toBe("first second third");
    expect(store.contents.find("h")).toBeUndefined();
    store.contents.sweep();
    expect(() => store.contents.read("h")).toThrow(expect.objectContaining({ code: "STORE_BROKEN" }));
  });
  const db = new Database(file);
  expect(db.prepare("SELECT count(*) FROM content_piece").pluck().get()).toBe(0);
  db.close();
});

it("stored file content is not written again, and may be empty", () => {
  storeWith((store) => {
    store.contents.put("h", []);
    store.contents.put("h", [bytes("other")]);
    expect(Buffer.from(store.contents.read("h")).toString()).toBe("");
  });
});
