import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/;
const REF = /^ref: (refs\/[^\s]+)$/;

/**
 * The commit that the working tree of a directory is at, read from the files of git without starting it. Undefined
 * outside a repository, before the first commit, and if the files have a format that only git can read.
 */
export function headOf(directory: string): string | undefined {
  const place = process.env.GIT_DIR === undefined ? repositoryOf(directory) : undefined;
  if (place === undefined) return undefined;
  const head = textOf(join(place, "HEAD"));
  if (head === undefined || COMMIT.test(head)) return head;
  const [, ref] = REF.exec(head) ?? [];
  if (ref === undefined || ref.split("/").includes("..")) return undefined;
  const shared = resolve(place, textOf(join(place, "commondir")) ?? ".");
  const loose = textOf(join(place, ref)) ?? textOf(join(shared, ref)) ?? packed(shared, ref);
  return loose !== undefined && COMMIT.test(loose) ? loose : undefined;
}

/**
 * Whether git could find a repository from a directory. Git looks for `.git` in the directory and in each directory
 * above it, unless a variable names the repository.
 */
export function isInRepository(directory: string): boolean {
  return process.env.GIT_DIR !== undefined || repositoryOf(directory) !== undefined;
}

/** The directory of git's files for a working tree: `.git`, or the path in a file named `.git`. */
function repositoryOf(directory: string): string | undefined {
  for (let at = existsSync(directory) ? realpathSync(directory) : resolve(directory); ; at = dirname(at)) {
    const place = join(at, ".git");
    const stats = statSync(place, { throwIfNoEntry: false });
    if (stats?.isDirectory()) return place;
    const [, linked] = (stats && /^gitdir: (.+)$/.exec(textOf(place) ?? "")) || [];
    if (linked !== undefined) return resolve(at, linked);
    if (at === dirname(at)) return undefined;
  }
}

function packed(shared: string, ref: string): string | undefined {
  const lines = textOf(join(shared, "packed-refs"))?.split("\n") ?? [];
  return lines.find((line) => line.endsWith(` ${ref}`))?.split(" ")[0];
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}
