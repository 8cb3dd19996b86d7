import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ERROR_CODES } from "@maand/core/internal";
import { describe, expect, it } from "vitest";
import { codeIn, linksOf, page, proseOf, ROOT, tableRows } from "./pages.ts";

interface Chapter {
  readonly part: string;
  readonly title: string;
  readonly path: string;
  readonly about: string;
}

const script = (path: string) => new URL(`../../${path}`, import.meta.url).href;
const { chapters }: { chapters(): Chapter[] } = await import(script("scripts/book/chapters.mjs"));
const { withNavigation }: { withNavigation(text: string, all: readonly Chapter[], index: number): string } =
  await import(script("scripts/book/navigation.mjs"));
const { permanentLinks }: { permanentLinks(): [string, string][] } = await import(
  script("website/permanent-links.mjs")
);

const CONTENTS = "docs/README.md";
const book = chapters();

describe("docs/README.md", () => {
  it("lists every page of docs/ once", () => {
    const files = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".md"))
      .map((file) => `docs/${file}`);
    const listed = book.map(({ path }) => path);
    expect(listed.filter((path) => path.startsWith("docs/")).sort()).toEqual(
      files.filter((path) => path !== CONTENTS).sort(),
    );
    expect(new Set(listed).size).toBe(listed.length);
  });

  it("lists its parts in reading order", () => {
    expect([...new Set(book.map(({ part }) => part))]).toEqual([
      "First day",
      "Writing jobs",
      "Daily work",
      "Maintenance and incidents",
      "Reference",
      "Writing plugins",
      "Migrating",
    ]);
  });

  it("links only to its own chapters", () => {
    const paths = new Set(book.map(({ path }) => path));
    const others = linksOf(page(CONTENTS)).filter(({ to }) => !paths.has(to));
    expect(others).toEqual([]);
  });

  it("uses the title of each page", () => {
    const titles = book.map(({ path }) => /^# (.+)$/m.exec(page(path).text)?.[1]);
    expect(book.map(({ title }) => title)).toEqual(titles);
  });
});

describe("each page of the book", () => {
  it.each(book.map(({ path }, index) => ({ path, index })))(
    "$path has up-to-date navigation (otherwise: npm run docs:order)",
    ({ path, index }) => {
      const { text } = page(path);
      expect(text).toBe(withNavigation(text, book, index));
    },
  );

  it("links to the next page, so that a reader reaches all pages in order", () => {
    const [first] = book;
    const read = [first?.path ?? ""];
    for (let next = nextOf(read[0] ?? ""); next !== undefined; next = nextOf(read.at(-1) ?? "")) read.push(next);
    expect(read).toEqual(book.map(({ path }) => path));
  });

  it("names the file of each block in the text, because the language line of a block is not visible", () => {
    const unnamed = [...book.map(({ path }) => path), "README.md"].flatMap((path) => {
      const parts = page(path).text.split(/^```([^\n]*)\n.*?^```$/gms); // text, language line, text, ...
      return parts.flatMap((info, at) => {
        const file = at % 2 === 1 ? (info.split(" ")[1] ?? "") : "";
        const paragraph = parts[at - 1]?.trim().split("\n\n").at(-1) ?? "";
        return /[./]/.test(file) && !paragraph.includes(basename(file)) ? [`${path}: ${file}`] : [];
      });
    });
    expect(unnamed).toEqual([]);
  });

  it("shows an example within its first 30 lines if it describes tasks", () => {
    const tasks = ["First day", "Writing jobs", "Daily work", "Maintenance and incidents"];
    const late = book
      .filter(({ part }) => tasks.includes(part))
      .map(({ path }) => ({
        path,
        line: page(path)
          .text.split("\n")
          .findIndex((text) => text.startsWith("```")),
      }))
      .filter(({ line }) => line === -1 || line >= 30);
    expect(late).toEqual([]);
  });

  it("shows only pictures that exist in the repository", () => {
    const wrong = [...book.map(({ path }) => path), "README.md", CONTENTS].flatMap((path) =>
      [...proseOf(page(path)).matchAll(/(?:src|srcset)="([^"]+)"|!\[[^\]]{20,}\]\(([^)]+)\)/g)]
        .map(([, one, other = ""]) => join(path, "..", one ?? other))
        .filter((file) => !existsSync(join(ROOT, file))),
    );
    expect(wrong).toEqual([]);
  });
});

describe("permanent links", () => {
  it("exist for every error code and every problem", () => {
    const problems = tableRows(page("docs/errors.md"), "Code", "Problem").flatMap(([code = ""]) => codeIn(code));
    expect(permanentLinks().map(([link]) => link)).toEqual([
      ...Object.keys(ERROR_CODES).map((code) => `e/${code}`),
      ...problems.map((code) => `p/${code}`),
    ]);
  });
});

/** The next page, according to the last line of a page. */
function nextOf(path: string): string | undefined {
  const [, target] = /Next: \[.*\]\((.+)\)\n$/.exec(readFileSync(join(ROOT, path), "utf8")) ?? [];
  return target === undefined ? undefined : join(path, "..", target);
}
