import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { OpenFiles } from "./open-files.ts";

const LIMITS = { maxBytes: 1_000_000, keepFiles: 1 };
const AT = "2026-01-01T00:00:00.000Z";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maand-open-files-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Writes a line to each of 600 files, one after another, twice; returns how many files are open then. */
function writtenTwice(files: OpenFiles): number {
  for (const line of ["first", "second"])
    for (let worker = 0; worker < 600; worker += 1) files.write(join(directory, `${worker}.log`), line, AT);
  return readdirSync("/proc/self/fd").filter((fd) => placeOf(fd).startsWith(`${directory}/`)).length;
}

function placeOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return ""; // it listed the others
  }
}

it.runIf(process.platform === "linux")("the logs of hundreds of workers stay open", () => {
  const files = new OpenFiles(LIMITS);
  expect(writtenTwice(files)).toBe(600);
  files.close();
});

it.runIf(process.platform === "linux")("with more workers than files may be open, no line is lost", () => {
  const files = new OpenFiles(LIMITS, 100);
  expect(writtenTwice(files)).toBe(100);
  files.close();
  for (const name of readdirSync(directory))
    expect(readFileSync(join(directory, name), "utf8")).toBe("first\nsecond\n");
});
