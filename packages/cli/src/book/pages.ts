import { existsSync, readFileSync } from "node:fs";
import { basename, posix } from "node:path";
import { fileURLToPath } from "node:url";

/** A page of the documentation that is part of this package. */
export interface BookPage {
  /** Its name on the command line: `deploy`, `plugins/testing`. */
  readonly name: string;
  /** Its file, from the root of the repository. */
  readonly path: string;
  /** The part of the book that it belongs to. */
  readonly part: string;
  readonly title: string;
  /** One sentence, in Markdown: what the page is for. */
  readonly about: string;
  /** Its text in Markdown, without the links to the previous and next pages, and without pictures. */
  readonly text: string;
}

/** A heading of a page, and the text up to the next heading. */
export interface Section {
  readonly heading: string;
  /** Its name in a link: `each-command-runs-once`. */
  readonly anchor: string;
  readonly text: string;
}

/** All pages in the order of the book. */
export function bookPages(): BookPage[] {
  return readFileSync(bookFile("docs/README.md"), "utf8")
    .split(/^## /m)
    .slice(1)
    .flatMap((chapter) => {
      const [part = ""] = chapter.split("\n", 1);
      return [...chapter.matchAll(/^- \[(.+?)\]\((.+?)\): (.+)$/gm)].map(([, title = "", target = "", about = ""]) => {
        const path = posix.join("docs", target);
        return { name: nameOf(path), path, part, title, about, text: textOf(path) };
      });
    });
}

/** The sections of a page. The first section is the text below the title. */
export function sectionsOf({ text }: BookPage): Section[] {
  const isHeading = headingsOutsideCode(text);
  const sections: { heading: string; lines: string[] }[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    const last = sections.at(-1);
    if (isHeading(at)) sections.push({ heading: line.replace(/^#+ /, ""), lines: [line] });
    else last?.lines.push(line);
  }
  return sections.map(({ heading, lines }) => ({
    heading: heading.replaceAll("`", ""),
    anchor: anchorOf(heading),
    text: `${lines.join("\n").trimEnd()}\n`,
  }));
}

/** The path of a documentation file: next to the built files in the package, or its source in the repository. */
export function bookFile(path: string): string {
  const built = fileURLToPath(new URL(`./book/${path}`, import.meta.url));
  const [one, two] = ["../../..", "../../../.."].map((up) => fileURLToPath(new URL(`${up}/${path}`, import.meta.url)));
  return [built, one, two].find((file) => file !== undefined && existsSync(file)) ?? built;
}

function nameOf(path: string): string {
  const name = path.startsWith("docs/") ? path.slice("docs/".length) : basename(path).toLowerCase();
  return name.replace(/\.md$/, "");
}

function textOf(path: string): string {
  return readFileSync(bookFile(path), "utf8")
    .replace(/^(# .+\n)\nSection: .*\n/, "$1")
    .replace(/\n---\n\n(?:Previous|Next): .*\n$/, "")
    .replace(/^<picture>\n[\s\S]*?^<\/picture>\n\n|^!\[.*\]\(.*\)\n\n/gm, "");
}

function headingsOutsideCode(text: string): (line: number) => boolean {
  let isCode = false;
  const found = new Set<number>();
  for (const [at, line] of text.split("\n").entries()) {
    if (line.startsWith("```")) isCode = !isCode;
    else if (!isCode && /^#{1,6} /.test(line)) found.add(at);
  }
  return (at) => found.has(at);
}

/** Replaces the text of a page except its blocks of code. */
export function outsideCode(text: string, replace: (prose: string) => string): string {
  const parts = text.split(/(^```[^\n]*\n[\s\S]*?^```$)/m);
  return parts.map((part, at) => (at % 2 === 0 ? replace(part) : part)).join("");
}

/** The anchor of a heading, as code hosts and the website create it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
