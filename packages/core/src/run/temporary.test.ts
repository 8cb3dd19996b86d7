import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { temporary } from "./temporary.ts";

/** No process has such a number. */
const NOBODY = 2 ** 30;

let parent: string;
beforeEach(() => {
  parent = join(mkdtempSync(join(tmpdir(), "maand-temporary-")), "tmp");
});
afterEach(() => rmSync(join(parent, ".."), { recursive: true }));

it("a private directory is made when it is asked for, and only then", () => {
  const place = temporary(parent, "run");
  place.remove();
  expect(existsSync(parent)).toBe(false);
  expect(statSync(place.tmp).mode & 0o777).toBe(0o700);
  expect(statSync(parent).mode & 0o777).toBe(0o700);
  expect(place.tmp).toBe(join(parent, "run"));
  place.remove();
  expect(readdirSync(parent)).toEqual([]);
});

it("whoever holds the lock empties what the dead left, and leaves alone who works without it", () => {
  const working = temporary(parent, "health", process.pid);
  mkdirSync(working.tmp, { recursive: true });
  for (const left of ["died", `free-${NOBODY}-health`]) mkdirSync(join(parent, left, "secrets"), { recursive: true });
  const place = temporary(parent, "run");
  expect(readdirSync(place.tmp)).toEqual([]);
  expect(readdirSync(parent).sort()).toEqual([`free-${process.pid}-health`, "run"]);
});

it("who works without the lock deletes nothing of anybody", () => {
  mkdirSync(join(parent, "deploying"), { recursive: true });
  expect(existsSync(temporary(parent, "health", process.pid).tmp)).toBe(true);
  expect(existsSync(join(parent, "deploying"))).toBe(true);
});
