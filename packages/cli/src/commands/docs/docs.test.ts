import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { bookPages, sectionsOf } from "../../book/pages.ts";
import { typedIn } from "../../run/typed.test.support.ts";

const maand = typedIn(tmpdir());
const pages = bookPages();

it("maand docs lists every page by part, in the order of the book", async () => {
  const { code, out } = await maand("docs");
  expect(code).toBe(0);
  const names = out.split("\n").flatMap((line) => /^ {2}(\S+) {2}/.exec(line)?.[1] ?? []);
  expect(names).toEqual(pages.map(({ name }) => name));
  expect(out).toMatch(/^First day:\n {2}installation +install and upgrade maand/);
  expect(out).toContain("\n\nReference:\n  cli ");
});

describe("maand docs PAGE", () => {
  it("prints Markdown in a pipe, without links to the previous and next page", async () => {
    const { out } = await maand("docs", "kv");
    expect(out).toBe(pages.find(({ name }) => name === "kv")?.text);
    expect(out).toMatch(/^# KV store\n\n[A-Z]/);
    expect(out).not.toMatch(/^Section: |Previous:/m);
  });

  it("wraps the text on a terminal, and removes the Markdown syntax but not the words in it", async () => {
    const { out } = await typedIn(tmpdir(), undefined, 72)("docs", "certificates");
    const prose = out.split("\n").filter((line) => !line.startsWith("    "));
    expect(prose.filter((line) => line.length > 72)).toEqual([]);
    expect(prose.join("\n")).not.toMatch(/`|\]\(|^\|/m);
    for (const word of ["subject.common_name", "certs/ca.crt", "not_yet_valid", "maand cat certs", "certs/**"])
      expect(out).toContain(word);
  });

  it.each(pages.map(({ name }) => name))("prints the page %s on a terminal", async (name) => {
    const { code, out } = await typedIn(tmpdir(), undefined, 80)("docs", name);
    expect(code).toBe(0);
    expect(out.length).toBeGreaterThan(500);
  });

  it("prints one section of a page", async () => {
    const { out } = await maand("docs", "deploy#batches");
    expect(out).toMatch(/^## Batches\n/);
    expect(out).not.toContain("## Preview a deploy");
  });
});

it("maand docs --search finds sections with all words, and lists matches in headings first", async () => {
  const { out } = await maand("docs", "--search", "HOST key");
  const [first = "", ...others] = out.split("\n");
  expect(first).toMatch(/^maand docs operations#a-workers-host-key +A worker's host key$/);
  expect(others.length).toBeGreaterThan(3);
  const [, target = ""] = /^maand docs (\S+)/.exec(others[0] ?? "") ?? [];
  expect((await maand("docs", target)).out.toLowerCase()).toMatch(/host[\s\S]*key|key[\s\S]*host/);
});

describe("maand docs --all", async () => {
  const { out } = await maand("docs", "--all");
  const prose = out.replace(/^```[^\n]*\n[\s\S]*?^```$/gm, "");
  const links = [...prose.replace(/`[^`\n]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);

  it("prints every page, in the order of the table of contents", () => {
    const titles = [...prose.matchAll(/^# (.+)$/gm)].map(([, title]) => title);
    expect(titles).toEqual(["maand", ...pages.map(({ title }) => title)]);
  });

  it("turns each link between pages into a link to a heading of the document", () => {
    const uses = new Map<string, number>();
    const anchors = [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => {
      const words = heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "");
      const anchor = words.replaceAll(" ", "-");
      const count = uses.get(anchor) ?? 0;
      uses.set(anchor, count + 1);
      return count === 0 ? `#${anchor}` : `#${anchor}-${count}`;
    });
    expect(new Set(anchors).size).toBe(anchors.length);
    expect(links.filter((link) => !link.startsWith("https://") && !anchors.includes(link))).toEqual([]);
    expect(links.length).toBeGreaterThan(300);
  });

  it("prints no pictures", () => expect(out).not.toMatch(/<picture|\.(svg|png)\b/));
});

it("a line with # in a block of code is not a heading", () => {
  const text = "# T\n\n```sh\n# no heading\n```\n\n## `A` b\n\nx\n";
  const found = sectionsOf({ name: "t", path: "t.md", part: "p", title: "T", about: "", text });
  expect(found.map(({ heading, anchor }) => [heading, anchor])).toEqual([
    ["T", "t"],
    ["A b", "a-b"],
  ]);
});

it.each([
  [["deplyo"], 'did you mean "deploy"?'],
  [["deploy#batch"], 'did you mean "batches"?'],
  [["--search", "no such words anywhere"], "try fewer words"],
  [["deploy", "--all"], "to list all pages, run maand docs"],
])("maand docs %s fails with a hint", async (words, hint) => {
  const { code, err } = await maand("docs", ...words);
  expect([code, err]).toEqual([2, expect.stringContaining(hint)]);
});

it.each(["bash", "zsh", "fish", "powershell"])(
  "the completion for %s contains the names of the pages",
  async (shell) => {
    const { out } = await maand("completion", shell);
    for (const name of ["deploy", "coming-from/kamal", "glossary"]) expect(out).toContain(name);
  },
);
