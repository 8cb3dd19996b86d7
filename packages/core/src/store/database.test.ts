import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeliveryRows } from "./bucket-rows.ts";
import { StoreDatabase } from "./database.ts";

let directory: string;
let file: string;
let db: StoreDatabase;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maand-database-"));
  file = join(directory, "maand.db");
  db = StoreDatabase.open(file, { create: true });
});

afterEach(() => {
  db.close();
  rmSync(directory, { recursive: true });
});

const mark = (job: string) => db.later("INSERT INTO pending_after (job) VALUES (?)", job);
const marked = () => db.all("SELECT job FROM pending_after ORDER BY job").map((row) => row.job);

/** The value that another process sees. */
function stored(): unknown[] {
  const other = new Sqlite(file, { readonly: true });
  const rows = other.prepare("SELECT job FROM pending_after ORDER BY job").pluck().all();
  other.close();
  return rows;
}

describe("a deferred write", () => {
  it("is visible to every later read, in order", () => {
    mark("a");
    db.later("UPDATE pending_after SET job = 'b' WHERE job = 'a'");
    expect(marked()).toEqual(["b"]);
  });

  it("is not stored early when a deploy reads the directory of a sync", () => {
    const deliveries = new DeliveryRows(db);
    deliveries.begin("10.0.0.1", "/opt/worker/b");
    deliveries.finish("10.0.0.1", { seq: 1, metadata: "m", tools: undefined });
    const before = db.version();
    expect(deliveries.rootOf("10.0.0.1")).toBe("/opt/worker/b");
    expect(db.version()).toBe(before);
    expect(deliveries.all().get("10.0.0.1")?.seq).toBe(1);
  });

  it("is on disk soon, or at the latest when the database is closed", async () => {
    mark("a");
    expect(stored()).toEqual([]);
    await vi.waitUntil(() => stored().length > 0);
    expect(stored()).toEqual(["a"]);
    mark("b");
    db.close();
    expect(stored()).toEqual(["a", "b"]);
    db = StoreDatabase.open(file);
  });

  it("is stored by the next transaction, even if that transaction fails", () => {
    mark("a");
    const fails = () =>
      db.transaction(() => {
        db.run("INSERT INTO pending_after (job) VALUES ('b')");
        throw new RangeError("no");
      });
    expect(fails).toThrow("no");
    expect(marked()).toEqual(["a"]);
  });

  it("is rolled back with the transaction in which it was deferred", () => {
    const fails = () =>
      db.transaction(() => {
        mark("a");
        throw new RangeError("no");
      });
    expect(fails).toThrow("no");
    expect(marked()).toEqual([]);
  });

  it("makes the next read throw if it fails, and does not end the process", () => {
    vi.useFakeTimers();
    db.later("INSERT INTO pending_after (job) VALUES (NULL)");
    vi.runAllTimers();
    vi.useRealTimers();
    expect(() => marked()).toThrow(expect.objectContaining({ code: "STORE_BROKEN" }));
    db = StoreDatabase.open(file);
  });
});
