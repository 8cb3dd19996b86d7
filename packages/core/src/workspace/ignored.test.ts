import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Problem } from "../domain/checks/problem.ts";
import { DEFAULT_IGNORES, ignoresOf, ignoreText } from "./ignored.ts";

let workspace = "";
const problems: Problem[] = [];

beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), "maand-ignored-"));
  problems.length = 0;
});

afterEach(() => rmSync(workspace, { recursive: true }));

function write(path: string, ...lines: readonly string[]): void {
  mkdirSync(dirname(join(workspace, path)), { recursive: true });
  writeFileSync(join(workspace, path), lines.join("\n"));
}

const ignores = () => ignoresOf(workspace, (problem) => problems.push(problem));

/** The paths that are ignored in job api. */
function ignored(...paths: readonly string[]): string[] {
  const isIgnored = ignores().within("api");
  return paths.filter((path) => isIgnored(path));
}

describe("without an ignore file", () => {
  it.each([
    "Makefile~",
    ".#Makefile",
    "#Makefile#",
    ".Makefile.swp",
    "conf/.app.conf.swo",
    ".app.conf.kate-swp",
    ".~lock.table.ods#",
    ".goutputstream-ABC123",
    ".DS_Store",
    "conf/.DS_Store",
    "._Makefile",
    "Thumbs.db",
    ".git/",
    ".git",
    "node_modules/",
    "_modules/node_modules/",
    "venv/",
    "__pycache__/",
    ".maandignore",
  ])("%s is ignored", (path) => expect(ignored(path)).toEqual([path]));

  it.each([
    "Makefile",
    ".env",
    ".swp",
    "app.swp",
    "ds_store",
    "thumbs.db",
    ".github/",
    "conf/#app",
    "a~b",
    "vars.toml",
    "docker-compose.yml",
    "bin.conf",
  ])("%s is a file of the job", (path) => expect(ignored(path)).toEqual([]));
});

describe("the ignore file of the workspace", () => {
  it("applies to every job, with paths relative to the workspace", () => {
    write(".maandignore", "*.md", "jobs/api/fixtures/", "jobs/web/tests/", "/conf");
    expect(ignored("README.md", "docs/a.md", "fixtures/", "tests/", "conf")).toEqual([
      "README.md",
      "docs/a.md",
      "fixtures/",
    ]);
  });

  it("can undo a default", () => {
    write(".maandignore", "!node_modules", "!*~");
    expect(ignored("node_modules/", "a~", ".DS_Store")).toEqual([".DS_Store"]);
  });
});

describe("the ignore file of a job", () => {
  it("has paths relative to the job's directory, and plain names match at any depth", () => {
    write("jobs/api/.maandignore", "# not this", "", "*.md", "/top", "conf/local", "build/", "**/x/y", "\\!odd", "a b");
    expect(
      ignored("README.md", "d/a.md", "top", "d/top", "conf/local", "d/conf/local", "d/build/", "d/x/y", "!odd", "a b"),
    ).toEqual(["README.md", "d/a.md", "top", "conf/local", "d/build/", "d/x/y", "!odd", "a b"]);
    expect(ignored("# not this", "build")).toEqual([]);
  });

  it("overrides the ignore file of the workspace, and later rules override earlier ones", () => {
    write(".maandignore", "*.md", "!keep.log");
    write("jobs/api/.maandignore", "!README.md", "*.log", "!kept.log");
    expect(ignored("README.md", "a.md", "keep.log", "kept.log")).toEqual(["a.md", "keep.log"]);
  });

  it("applies only to this job", () => {
    write("jobs/web/.maandignore", "*");
    expect(ignored("Makefile")).toEqual([]);
  });
});

it("files that maand itself reads cannot be ignored", () => {
  write("jobs/api/.maandignore", "*");
  expect(ignored("manifest.json", "vars.toml", "Makefile", "conf/manifest.json")).toEqual([
    "Makefile",
    "conf/manifest.json",
  ]);
});

it("an ignore file that cannot be read is reported by name", () => {
  mkdirSync(join(workspace, ".maandignore"));
  write("jobs/api/.maandignore");
  writeFileSync(join(workspace, "jobs/api/.maandignore"), Buffer.from([0xff, 0xfe]));
  expect(ignored("Makefile", ".DS_Store")).toEqual([".DS_Store"]);
  expect(problems.map(({ where, message }) => `${where} ${message}`)).toEqual([
    "workspace/.maandignore is not a file",
    "workspace/jobs/api/.maandignore is not UTF-8 text",
  ]);
});

it("init writes an ignore file that documents every default and changes none", () => {
  write(".maandignore", ignoreText());
  for (const pattern of DEFAULT_IGNORES) expect(ignoreText()).toContain(`\n#   ${pattern}\n`);
  expect(ignored("Makefile", ".DS_Store")).toEqual([".DS_Store"]);
});
