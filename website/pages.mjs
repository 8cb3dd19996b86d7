// Decides which Markdown files are pages of the website, and their paths.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { CONTENTS, chapters, REPOSITORY } from "../scripts/book/chapters.mjs";

/** The chapters of the book. */
export const BOOK = new Set([CONTENTS, ...chapters().map(({ path }) => path)]);

/** Directories without pages, at any depth: tests, and directories that are not in version control. */
export const SKIPPED = ["node_modules", "dist", "test", "website", "demo-bucket", "release", "coverage"];

/**
 * Every Markdown file outside of these directories: the chapters of the book, and other pages that they can link to.
 */
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

/** The path of a page on the site: pages of docs/ are at its top, and the README of a directory is that directory. */
export function placeOf(path) {
  if (path === "README.md") return "repository.md";
  return path.replace(/^docs\//, "").replace(/(^|\/)README\.md$/, "$1index.md");
}

/**
 * The target of a relative link on the site, with its anchor; undefined for files that are not pages, such as source
 * files.
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

/** The parts of the book with their chapters. VitePress also derives the previous and next pages from it. */
export function sidebar() {
  const all = chapters();
  return [...new Set(all.map(({ part }) => part))].map((text) => ({
    text,
    items: all
      .filter(({ part }) => part === text)
      .map(({ title, path }) => ({ text: title, link: `/${placeOf(path)}` })),
  }));
}
