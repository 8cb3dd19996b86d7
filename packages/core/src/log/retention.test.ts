import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { deleteOldRuns } from "./retention.ts";

let runs: string;
beforeEach(() => {
  runs = mkdtempSync(join(tmpdir(), "maand-retention-"));
});
afterEach(() => rmSync(runs, { recursive: true }));

/** A directory of a given age in seconds. */
function aged(name: string, seconds: number): string {
  mkdirSync(join(runs, name));
  const at = Date.now() / 1000 - seconds;
  utimesSync(join(runs, name), at, at);
  return name;
}

it("retention deletes the records of all but the newest runs", () => {
  const [old, middle, fresh] = [randomUUID(), randomUUID(), randomUUID()];
  aged(old, 300);
  aged(fresh, 100);
  aged(middle, 200);
  deleteOldRuns(runs, 2);
  expect(readdirSync(runs).sort()).toEqual([middle, fresh].sort());
});

it("retention neither deletes nor counts directories that are not run records", () => {
  aged("archive", 900);
  writeFileSync(join(runs, "notes.txt"), "x");
  symlinkSync(join(runs, "archive"), join(runs, randomUUID()));
  const before = readdirSync(runs);
  const run = aged(randomUUID(), 100);
  deleteOldRuns(runs, 1);
  expect(readdirSync(runs).sort()).toEqual([...before, run].sort());
});
