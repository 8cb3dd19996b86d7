import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Store } from "./store.ts";

let directory = "";
let file = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maand-store-"));
  file = join(directory, "maand.db");
  Store.open(file, { create: true }).close();
  const db = new Database(file);
  db.exec("INSERT INTO allocation VALUES ('a1', 'api', '10.0.0.1', 0, 0, 0)");
  db.close();
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function promoted() {
  const store = Store.open(file);
  const found = store.promoted.remembered().get("a1")?.promoted;
  store.close();
  return found;
}

it("a promotion keeps what its files were rendered for", () => {
  const store = Store.open(file);
  const occasion = { currentVersion: "1.0.0", updateSeq: 7 };
  store.promoted.promote("a1", { digest: "d", version: "2.0.0" }, [], { stopped: false, occasion });
  store.close();
  expect(promoted()).toEqual({ digest: "d", version: "2.0.0", healthFailed: false, stopped: false, occasion });
});

it("a store from before that was kept says nothing of it, and is read", () => {
  const db = new Database(file);
  for (const column of ["previous_version", "update_seq"]) db.exec(`ALTER TABLE promoted DROP COLUMN ${column}`);
  db.exec("INSERT INTO tree VALUES ('d', '[]')");
  db.exec("INSERT INTO promoted VALUES ('a1', 'd', 1, '1.0.0', 0, 0)");
  db.pragma("user_version = 2");
  db.close();
  expect(promoted()).toEqual({ digest: "d", version: "1.0.0", healthFailed: false, stopped: false });
});
