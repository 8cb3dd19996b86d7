import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { blocksOf, page, ROOT } from "./pages.ts";

const SOURCES = execFileSync("git", ["ls-files", "packages", "plugins-examples", "scripts", "test", "website"], {
  cwd: ROOT,
  encoding: "utf8",
}).split("\n");
const TEST_FILES = SOURCES.filter((path) => path.endsWith(".test.ts"));

/** All command lines of the page, without comments. */
const LINES = blocksOf(page("CONTRIBUTING.md"))
  .filter(({ info }) => info === "sh")
  .flatMap(({ code }) => code.split("\n"))
  .map((line) => line.replace(/\s+#.*$/, "").trim())
  .filter((line) => line !== "");

const RUNS = LINES.filter((line) => line.includes("vitest run"));
const VARIABLES = [...new Set(LINES.flatMap((line) => [...line.matchAll(/\b(MAAND_\w+)=/g)].map(([, name]) => name)))];

describe("the commands of CONTRIBUTING.md", () => {
  it("contain test runs, and variables that change them", () => {
    expect(RUNS.length).toBeGreaterThan(5);
    expect(VARIABLES.length).toBeGreaterThan(5);
  });

  it.each(RUNS)("%s selects existing tests", (line) => {
    const { project, path, title } = partsOf(line);
    const files = TEST_FILES.filter(
      (file) => file.includes(path) && (project === "unit") === !file.endsWith(".e2e.test.ts"),
    );
    expect(files, `test files of ${project} that contain "${path}"`).not.toEqual([]);
    if (title === undefined) return;
    const titles = files.flatMap((file) => titlesIn(readFileSync(join(ROOT, file), "utf8")));
    expect(titles.filter((found) => found.includes(title))).not.toEqual([]);
  });

  it.each(VARIABLES)("%s is a variable that the tests read", (name) => {
    const readers = SOURCES.filter((path) => /\.(ts|mjs|sh)$/.test(path)).filter((path) =>
      readFileSync(join(ROOT, path), "utf8").includes(`env.${name}`),
    );
    const readByTheTestItself = "test/docs/contributing.test.ts";
    expect(readers.filter((path) => path !== readByTheTestItself)).not.toEqual([]);
  });
});

/** The project, the filter of paths and the filter of titles in a command line that runs vitest. */
function partsOf(line: string) {
  const project = / --project (\S+)/.exec(line)?.[1] ?? "";
  const title = / -t "([^"]*)"/.exec(line)?.[1];
  const path = line
    .replace(/^.*vitest run/, "")
    .replace(/ -t "[^"]*"/, "")
    .replace(/ --\w+ \S+/g, "")
    .trim();
  return { project, path, title };
}

/** The titles of tests and groups in a source, without variable parts. */
function titlesIn(source: string): string[] {
  return [...source.matchAll(/\b(?:it|test|describe)\b[^"`\n]*\(\s*["`](.*?)["`]/g)].map(([, title = ""]) => title);
}
