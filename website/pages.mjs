// Which Markdown files are pages of the website, and where.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { CONTENTS, chapters, REPOSITORY } from "../scripts/book/chapters.mjs";

/** The chapters of the book. */
export const BOOK = new Set([CONTENTS, ...chapters().map(({ path }) => path)]);

/** Directories without pages, wherever they are; what a clone does not have, and tests. */
export const SKIPPED = ["node_modules", "dist", "test", "website", "demo-bucket", "release", "coverage"];

/** Every Markdown file of the repository that is a page; what the book links to is one, besides its chapters. */
const PAGES = new Set(markdownIn(""));

function markdownIn(directory) {
  return readdirSync(join(REPOSITORY, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(directory, entry.name);
    if (entry.isDirectory()) return entry.name.startsWith(".") || SKIPPED.includes(entry.name) ? [] : markdownIn(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

export function isPage(path) {
  return PAGES.has(path);
}

/** Where a page is on the site: those of docs/ at its top, and the README of a directory as that directory. */
export function placeOf(path) {
  if (path === "README.md") return "repository.md";
  return path.replace(/^docs\//, "").replace(/(^|\/)README\.md$/, "$1index.md");
}

/**
 * Where a relative link of a page leads on the site, with its anchor; undefined for what is no page, such as a source file.
 */
export function linkOf(from, target) {
  const [file, anchor] = target.split("#");
  const hash = anchor === undefined ? "" : `#${anchor}`;
  if (file === "") return hash;
  const path = posix.join(posix.dirname(from), decodeURI(file)).replace(/\/$/, "");
  const page = [path, `${path}/README.md`].find(isPage);
  if (page !== undefined) return `/${placeOf(page)}${hash}`;
  const at = join(REPOSITORY, path);
  if (!existsSync(at)) throw new Error(`${from} links to ${target}, which does not exist`);
  if (anchor !== undefined && statSync(at).isFile()) throw new Error(`${from} links to an anchor in ${path}`);
  return undefined;
}

/** The parts of the book with their chapters; pages before and after one follow from it too. */
export function sidebar() {
  const all = chapters();
  return [...new Set(all.map(({ part }) => part))].map((text) => ({
    text,
    items: all
      .filter(({ part }) => part === text)
      .map(({ title, path }) => ({ text: title, link: `/${placeOf(path)}` })),
  }));
}
