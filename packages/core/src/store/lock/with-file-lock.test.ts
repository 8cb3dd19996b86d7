import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withFileLock } from "./with-file-lock.ts";

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "file-lock-"));
  file = join(directory, "data", "x.lock");
});
afterEach(() => rmSync(directory, { recursive: true }));

test("calls for the same lock file run their work one after another, even after a failure", async () => {
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} begins`);
    await new Promise(setImmediate);
    seen.push(`${name} ends`);
    if (name === "b") throw new Error("b failed");
    return name;
  };
  const all = await Promise.allSettled(["a", "b", "c"].map((name) => withFileLock(file, work(name))));
  expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  expect(all.map((one) => (one.status === "fulfilled" ? one.value : String(one.reason)))).toEqual([
    "a",
    "Error: b failed",
    "c",
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("work does not start while another holder has the lock", async () => {
  await withFileLock(file, async () => {});
  const other = new Sqlite(file);
  other.exec("BEGIN EXCLUSIVE");
  let begun = false;
  const waiting = withFileLock(file, async () => {
    begun = true;
  });
  await withFileLock(join(directory, "other.lock"), async () => {}); // a different lock is free
  expect(begun).toBe(false);
  other.close();
  await waiting;
  expect(begun).toBe(true);
});

test("work does not run if its lock file cannot be created", async () => {
  writeFileSync(join(directory, "data"), "");
  let begun = false;
  const locking = withFileLock(file, async () => {
    begun = true;
  });
  await expect(locking).rejects.toThrow(/EEXIST|ENOTDIR/);
  expect(begun).toBe(false);
});

test.each([
  ["a file of another program", () => writeFileSync(file, "rubbish ".repeat(1_000)), "it is not a lock file of maand"],
  ["a directory", () => mkdirSync(file), "it is a directory"],
])("work does not run if %s is in place of the lock file", async (_, make, message) => {
  mkdirSync(join(directory, "data"));
  make();
  let begun = false;
  const locking = withFileLock(file, async () => {
    begun = true;
  });
  await expect(locking).rejects.toMatchObject({ code: "LOCK_BROKEN", message: expect.stringContaining(message) });
  expect(begun).toBe(false);
});
