import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { page, ROOT } from "./docs/pages.ts";

/** Holds docs/conformance.md against the tests it names: every statement is numbered, said, and shown by tests there are. */

interface Row {
  readonly id: string;
  readonly statement: string;
  /** File and title of each test. */
  readonly shown: readonly (readonly [string, string])[];
}

const { text } = page("docs/conformance.md");
const rows = [...text.matchAll(/^\| (.*) \|$/gm)]
  .map(([, row = ""]) => row.split(/ \| /).map((cell) => cell.trim()))
  .filter(([id = ""]) => /^[a-z]+-\d+$/.test(id))
  .map(([id = "", statement = "", shown = ""]): Row => ({ id, statement, shown: testsIn(shown) }));

/** `file`: title, with a line break between two. */
function testsIn(cell: string): Row["shown"] {
  return cell.split("<br>").map((one) => {
    const [, file = "", title = ""] = /^`([^`]+)`: (.+)$/.exec(one.trim()) ?? [];
    return [file, title.replaceAll("\\|", "|")] as const;
  });
}

/** Titles of tests as they are written in a file, whichever quotes they stand in. */
function titlesOf(file: string): Set<string> {
  const source = readFileSync(join(ROOT, file), "utf8");
  const titles = source.matchAll(/\b(?:it|test)\b[^"'`\n]*(?:\([^()]*\))?\(\s*(["'`])((?:\\.|(?!\1).)*)\1/g);
  const inTables = source.matchAll(/^\s*\]?\)\(\s*(["'`])((?:\\.|(?!\1).)*)\1,/gm);
  return new Set([...titles, ...inTables].map(([, , title = ""]) => title.replaceAll(/\\(["'`])/g, "$1")));
}

describe("docs/conformance.md", () => {
  it("has the statements of five pages, numbered one after another", () => {
    const pages = ["deploy", "drain", "job", "lifecycle", "reboot"];
    for (const name of pages) {
      const ids = rows.map(({ id }) => id).filter((id) => id.startsWith(`${name}-`));
      expect(ids, name).toEqual(ids.map((_, at) => `${name}-${at + 1}`));
      expect(ids.length, name).toBeGreaterThan(15);
    }
    expect(rows.length).toBeGreaterThan(150);
    expect(new Set(rows.map(({ id }) => id.replace(/-\d+$/, "")))).toEqual(new Set(pages));
  });

  it("has no empty cell", () => {
    const empty = rows.filter(
      ({ statement, shown }) => statement.length < 10 || shown.some(([file, title]) => file === "" || title === ""),
    );
    expect(empty.map(({ id }) => id)).toEqual([]);
  });

  it("names tests that are there, by file and title", () => {
    const known = new Map<string, Set<string>>();
    const missing = rows.flatMap(({ id, shown }) =>
      shown.flatMap(([file, title]) => {
        if (!existsSync(join(ROOT, file))) return [`${id}: there is no ${file}`];
        const titles = known.get(file) ?? titlesOf(file);
        known.set(file, titles);
        return titles.has(title) ? [] : [`${id}: ${file} has no test "${title}"`];
      }),
    );
    expect(missing).toEqual([]);
  });
});
