import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { systemCode } from "../errors.ts";

/** One line of an ssh client configuration. */
export interface ConfigLine {
  /** In lower case. */
  readonly keyword: string;
  readonly words: readonly string[];
  /** For `Include`: paths of the files. */
  readonly included: readonly string[];
}

/** The lines of configuration files and of all files they include, by path. */
export type ConfigFiles = ReadonlyMap<string, readonly ConfigLine[]>;

/** Reads configuration files with all files they include; a missing or unreadable file has no lines. */
export async function readConfigFiles(paths: readonly string[]): Promise<ConfigFiles> {
  const files = new Map<string, readonly ConfigLine[]>();
  await Promise.all(paths.map((path) => readInto(files, path, dirname(path))));
  return files;
}

/**
 * Reads a file once, even if it is included several times. Relative paths are relative to `directory`, the directory of
 * the first file.
 */
async function readInto(files: Map<string, readonly ConfigLine[]>, path: string, directory: string): Promise<void> {
  if (files.has(path)) return;
  files.set(path, []);
  const written = (await textOf(path)).split("\n").flatMap((text) => parseLine(text) ?? []);
  const lines = await Promise.all(written.map(async (line) => ({ ...line, included: await pathsIn(line, directory) })));
  files.set(path, lines);
  await Promise.all(lines.flatMap(({ included }) => included.map((file) => readInto(files, file, directory))));
}

async function pathsIn({ keyword, words }: WrittenLine, directory: string): Promise<string[]> {
  if (keyword !== "include") return [];
  return (await Promise.all(words.map((word) => filesAt(expandHome(word, directory))))).flat();
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EISDIR", "EACCES"].includes(systemCode(error))) return "";
    throw error;
  }
}

type WrittenLine = Omit<ConfigLine, "included">;

/** `Keyword value value`, or `Keyword=value`; undefined for an empty line and a comment. */
function parseLine(text: string): WrittenLine | undefined {
  const [, keyword, rest = ""] = /^\s*"?([A-Za-z]+)"?(?:\s*=\s*|\s+|$)(.*)$/.exec(text) ?? [];
  return keyword === undefined ? undefined : { keyword: keyword.toLowerCase(), words: wordsOf(rest) };
}

/** Words as OpenSSH splits them: quotes of both kinds, `\` before a quote, a blank or itself, and `#` for a comment. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [found] of text.matchAll(/#.*|(?:\\["'\\ ]|"(?:\\["\\]|[^"])*"|'(?:\\['\\]|[^'])*'|[^\s"'])+/g)) {
    if (found.startsWith("#")) break;
    words.push(found.replace(/\\(["'\\ ])|["']/g, (_, escaped: string | undefined) => escaped ?? ""));
  }
  return words;
}

/** An absolute path; `~/` is the home directory, any other path without a leading `/` is relative to `directory`. */
export function expandHome(path: string, directory: string): string {
  if (/^~(?=\/|$)/.test(path)) return join(homedir(), path.slice(1));
  return isAbsolute(path) ? path : join(directory, path);
}

/** The files that a path names, sorted; `*`, `?` and `[...]` are allowed in any part of it. */
async function filesAt(path: string): Promise<string[]> {
  if (!/[*?[]/.test(path)) return [path];
  const parents = await filesAt(dirname(path));
  const name = namePattern(basename(path));
  const found = parents.map(async (parent) => {
    if (!/[*?[]/.test(basename(path))) return [join(parent, basename(path))];
    const names = await readdir(parent).catch(() => []);
    return names
      .filter((entry) => name.test(entry))
      .sort()
      .map((entry) => join(parent, entry));
  });
  return (await Promise.all(found)).flat();
}

/** As in a shell, only a dot matches a leading dot. */
function namePattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replace(/\[!/g, "[^")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${glob.startsWith(".") ? "" : "(?!\\.)"}${source}$`);
}
