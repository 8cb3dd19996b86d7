import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFile, makeDirectories, makePrivateDirectory, replaceFile } from "./write-files.ts";

let root: string;
const umask = process.umask();
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-write-"));
});
afterEach(() => {
  process.umask(umask);
  rmSync(root, { recursive: true });
});

const mode = (path: string) => statSync(join(root, path)).mode & 0o777;

describe.each([
  ["000", 0o000],
  ["022", 0o022],
  ["077", 0o077],
])("under umask %s,", (_, mask) => {
  beforeEach(() => void process.umask(mask));

  it("directories and files of the workspace are readable by all and writable by their owner", () => {
    makeDirectories(join(root, "a/b"));
    createFile(join(root, "a/b/file"), "x");
    expect([mode("a"), mode("a/b"), mode("a/b/file")]).toEqual([0o755, 0o755, 0o644]);
  });

  it("private directories are accessible only to their owner", () => {
    makePrivateDirectory(join(root, "fresh"));
    mkdirSync(join(root, "open"));
    makePrivateDirectory(join(root, "open"));
    expect([mode("fresh"), mode("open")]).toEqual([0o700, 0o700]);
  });

  it("a replaced file keeps its mode, and no temporary file is left", () => {
    writeFileSync(join(root, "file"), "old");
    chmodSync(join(root, "file"), 0o664);
    replaceFile(join(root, "file"), "new");
    expect([mode("file"), readFileSync(join(root, "file"), "utf8")]).toEqual([0o664, "new"]);
    expect(readdirSync(root)).toEqual(["file"]);
  });
});

it("existing files keep their content and mode", () => {
  mkdirSync(join(root, "mine"));
  chmodSync(join(root, "mine"), 0o750);
  makeDirectories(join(root, "mine"));
  createFile(join(root, "mine/file"), "old");
  expect(() => createFile(join(root, "mine/file"), "new")).toThrow("EEXIST");
  expect(mode("mine")).toBe(0o750);
});

it("links are followed and kept, and their targets keep their mode", () => {
  mkdirSync(join(root, "elsewhere"));
  chmodSync(join(root, "elsewhere"), 0o755);
  writeFileSync(join(root, "elsewhere/file"), "old");
  symlinkSync(join(root, "elsewhere"), join(root, "logs"));
  symlinkSync(join(root, "elsewhere/file"), join(root, "file"));
  makePrivateDirectory(join(root, "logs"));
  replaceFile(join(root, "file"), "new");
  expect(mode("elsewhere")).toBe(0o755);
  expect(readFileSync(join(root, "elsewhere/file"), "utf8")).toBe("new");
  expect(lstatSync(join(root, "file")).isSymbolicLink()).toBe(true);
});

it.runIf(process.getuid?.() === 0)("a file keeps its owner if root replaces it", () => {
  writeFileSync(join(root, "file"), "old");
  chownSync(join(root, "file"), 1234, 4321);
  replaceFile(join(root, "file"), "new");
  expect(statSync(join(root, "file"))).toMatchObject({ uid: 1234, gid: 4321 });
});
