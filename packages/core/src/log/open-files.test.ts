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

function fail(cause: unknown): void {
  throw cause;
}

/** Writes a line to each of 600 files, one after another, twice. Returns how many files are open afterwards. */
function writtenTwice(files: OpenFiles): number {
  for (const line of ["first", "second"])
    for (let worker = 0; worker < 600; worker += 1) files.write(join(directory, `${worker}.log`), line, AT);
  return readdirSync("/proc/self/fd").filter((fd) => placeOf(fd).startsWith(`${directory}/`)).length;
}

function placeOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return ""; // the descriptor of the directory that was just listed
  }
}

it.runIf(process.platform === "linux")("the logs of hundreds of workers stay open", () => {
  const files = new OpenFiles(LIMITS, fail);
  expect(writtenTwice(files)).toBe(600);
  files.close();
});

it.runIf(process.platform === "linux")(
  "no line is lost if there are more workers than the maximum number of open files",
  () => {
    const files = new OpenFiles(LIMITS, fail, 100);
    const open = writtenTwice(files);
    expect(open).toBeLessThanOrEqual(100);
    expect(open).toBeGreaterThanOrEqual(90);
    files.close();
    for (const name of readdirSync(directory))
      expect(readFileSync(join(directory, name), "utf8")).toBe("first\nsecond\n");
  },
);

it("lines that arrive together are written together in the next microtask", async () => {
  const files = new OpenFiles(LIMITS, fail);
  const path = join(directory, "a.log");
  for (let line = 0; line < 3; line += 1) files.write(path, `line ${line}`, AT);
  await Promise.resolve();
  expect(readFileSync(path, "utf8")).toBe("line 0\nline 1\nline 2\n");
  files.close();
});

it("a file is rotated at the same lines whether lines are written together or separately", () => {
  const files = new OpenFiles({ maxBytes: 20, keepFiles: 9 }, fail);
  const path = join(directory, "a.log");
  for (let second = 0; second < 6; second += 1) files.write(path, "nine here", `2026-01-01T00:00:0${second}.000Z`);
  files.close();
  const names = readdirSync(directory).sort();
  expect(names).toEqual(["a.log", "a.log-20260101T000002000Z", "a.log-20260101T000004000Z"]);
  for (const name of names) expect(readFileSync(join(directory, name), "utf8")).toBe("nine here\nnine here\n");
});
