import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** The root of the repository. */
export const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** One Markdown file. */
export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  /** The language, and the text after it. */
  readonly info: string;
  readonly code: string;
}

const SKIPPED = new Set(["node_modules", "dist", ".git", "coverage", "demo-bucket"]);

/** Every Markdown file of the repository. */
export function allPages(directory = ROOT): Page[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const at = join(directory, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : allPages(at);
    return entry.name.endsWith(".md") ? [page(relative(ROOT, at))] : [];
  });
}

/** One page by its path. */
export function page(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), "utf8") };
}

/** The fenced blocks of a page. */
export function blocksOf({ path, text }: Page): Block[] {
  return [...text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, info = "", code = ""]) => ({
    page: path,
    info,
    code,
  }));
}

/** A page without its fenced blocks. */
export function proseOf({ text }: Page): string {
  return text.replace(/^```[^\n]*\n.*?^```$/gms, "");
}

/** The rows of the table whose heading begins with these cells. A row is a list of cells. */
export function tableRows(of: Page, ...heading: readonly string[]): string[][] {
  return tablesOf(of, heading)[0] ?? [];
}

/** The rows of all tables whose heading begins with these cells. */
export function rowsOfTables(of: Page, ...heading: readonly string[]): string[][] {
  return tablesOf(of, heading).flat();
}

function tablesOf({ path, text }: Page, heading: readonly string[]): string[][][] {
  const tables = text.split(/\n\n+/).map((part) => part.split("\n").filter((line) => line.startsWith("|")));
  const found = tables.filter(([first]) => first && heading.every((cell, at) => cells(first)[at] === cell));
  if (found.length === 0) throw new Error(`${path} has no table | ${heading.join(" | ")} |`);
  return found.map((rows) => rows.slice(2).map(cells));
}

function cells(row: string): string[] {
  return row
    .replace(/^\||\|\s*$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

/** The words in backticks in a text. */
export function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}

/** The relative links of a page: `to` is the file, relative to the root of the repository. */
export function linksOf(from: Page): { readonly to: string; readonly anchor: string | undefined }[] {
  const targets = [...proseOf(from).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = "", anchor] = target.split("#");
      return { to: file === "" ? from.path : join(dirname(from.path), file).replace(/\/$/, ""), anchor };
    });
}

/** The anchors of a page's headings, derived from their words. */
export function anchorsOf(of: Page): string[] {
  return [...proseOf(of).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
