import { randomUUID } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isRunDirectory, temporary } from "./temporary.ts";

/** An id that is larger than the id of any process. */
const NO_PROCESS = 2 ** 30;

const RUN = randomUUID();

let bucket: string;
let parent: string;
beforeEach(() => {
  bucket = mkdtempSync(join(tmpdir(), "maand-temporary-"));
  parent = join(bucket, "tmp");
});
afterEach(() => rmSync(bucket, { recursive: true }));

/** A directory with a file in it. */
function filled(...path: string[]): string {
  const directory = join(...path);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "file"), "x");
  return directory;
}

it("a private directory is created when its path is first read", () => {
  const place = temporary(parent, RUN);
  place.remove();
  expect(existsSync(parent)).toBe(false);
  expect(statSync(place.tmp).mode & 0o777).toBe(0o700);
  expect(statSync(parent).mode & 0o777).toBe(0o700);
  expect(place.tmp).toBe(join(parent, RUN));
  place.remove();
  expect(readdirSync(parent)).toEqual([]);
});

it("the holder of the lock deletes the directories of dead processes and keeps those of live processes", () => {
  const working = temporary(parent, RUN, process.pid);
  mkdirSync(working.tmp, { recursive: true });
  for (const left of [randomUUID(), `free-${NO_PROCESS}-${RUN}`]) filled(parent, left, "secrets");
  const place = temporary(parent, RUN);
  expect(readdirSync(place.tmp)).toEqual([]);
  expect(readdirSync(parent).sort()).toEqual([RUN, `free-${process.pid}-${RUN}`].sort());
});

it("a process without the lock deletes no directory of another process", () => {
  const deploying = filled(parent, randomUUID());
  expect(existsSync(temporary(parent, RUN, process.pid).tmp)).toBe(true);
  expect(existsSync(deploying)).toBe(true);
});

describe("deleting old directories in tmp", () => {
  it("keeps files, other directories, and links that are named like the directory of a run", () => {
    const outside = filled(bucket, "outside");
    filled(parent, "keep");
    writeFileSync(join(parent, "notes"), "x");
    writeFileSync(join(parent, randomUUID()), "a file");
    symlinkSync(outside, join(parent, randomUUID()));
    const before = readdirSync(parent).sort();
    const place = temporary(parent, RUN);
    expect(existsSync(place.tmp)).toBe(true);
    place.remove();
    expect(readdirSync(parent).sort()).toEqual(before);
    expect(readdirSync(outside)).toEqual(["file"]);
  });

  it("deletes only the directory of this process if tmp is a link", () => {
    const elsewhere = join(bucket, "elsewhere");
    filled(elsewhere, randomUUID());
    const before = readdirSync(elsewhere);
    symlinkSync(elsewhere, parent);
    const place = temporary(parent, RUN);
    expect(statSync(place.tmp).mode & 0o777).toBe(0o700);
    place.remove();
    expect(readdirSync(elsewhere)).toEqual(before);
    expect(lstatSync(parent).isSymbolicLink()).toBe(true);
  });
});

it.each([
  ["a file", () => writeFileSync(parent, "x"), "tmp is not a directory"],
  ["a broken link", () => symlinkSync(join(bucket, "nowhere"), parent), "tmp is a broken link"],
])("tmp is reported and left unchanged if it is %s", (_, make, message) => {
  make();
  expect(() => temporary(parent, RUN).tmp).toThrow(message);
  expect(lstatSync(parent).isDirectory()).toBe(false);
});

it("the directory of a run is recognized by its name and file type", () => {
  for (const name of [RUN, `free-12-${RUN}`]) expect(isRunDirectory(filled(parent, name))).toBe(true);
  for (const name of ["run", `${RUN}x`, `free-${RUN}`]) expect(isRunDirectory(filled(parent, name))).toBe(false);
});
