import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, it } from "vitest";
import { migrate, STORE_VERSION } from "./migrations.ts";
import { Store } from "./store.ts";

let directory = "";
let file = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maand-store-"));
  file = join(directory, "maand.db");
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A store of the given schema version, with one allocation and further rows. */
function storeOf(version: number, ...more: readonly string[]): void {
  const db = new Database(file);
  migrate(db, version);
  for (const statement of [
    "INSERT INTO allocation (id, job, host, disabled, removed, position) VALUES ('a1', 'api', '10.0.0.1', 0, 0, 0)",
    ...more,
  ])
    db.exec(statement);
  db.close();
}

function promoted() {
  const store = Store.open(file);
  const found = store.promoted.recorded().get("a1")?.promoted;
  store.close();
  return found;
}

it("a promotion records the inputs that its files were rendered with", () => {
  storeOf(STORE_VERSION);
  const store = Store.open(file);
  const occasion = { currentVersion: "1.0.0", updateSeq: 7 };
  store.promoted.promote("a1", { digest: "d", version: "2.0.0" }, [], { stopped: false, occasion });
  store.close();
  expect(promoted()).toEqual({ digest: "d", version: "2.0.0", healthFailed: false, stopped: false, occasion });
});

it("a promotion in an older store is read without the inputs of its files", () => {
  storeOf(2, "INSERT INTO tree VALUES ('d', '[]')", "INSERT INTO promoted VALUES ('a1', 'd', 1, '1.0.0', 0, 0)");
  expect(promoted()).toEqual({ digest: "d", version: "1.0.0", healthFailed: false, stopped: false });
});

it("an older store has no pending health checks after its migration, and can record them", () => {
  storeOf(6);
  const store = Store.open(file);
  expect(store.pendingHealth.all().size).toBe(0);
  store.pendingHealth.set("a1", "before anything else");
  store.pendingHealth.set("a1", "with the next batch");
  expect(store.pendingHealth.all()).toEqual(new Map([["a1", "before anything else"]]));
  store.promoted.markStopped("a1");
  expect(store.pendingHealth.all().size).toBe(0);
  store.close();
});
