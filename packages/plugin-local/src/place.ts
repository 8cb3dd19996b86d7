import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { chmod, copyFile, type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Wanted } from "./sources.ts";
import { lookAt } from "./survey.ts";

const PIECE = 256 * 1024;

/** The prefix of the names of temporary files that are not yet in place. */
const DRAFT = ".~maand-";

/** The prepared change of one file: a draft to rename, or a mode to set. */
export interface Replacement {
  readonly path: string;
  readonly mode: number;
  readonly draft?: string;
}

/**
 * Writes a differing file next to its path, in the nearest existing directory. Returns undefined if the existing file
 * already matches.
 */
export async function prepareFile(root: string, path: string, wanted: Wanted): Promise<Replacement | undefined> {
  const target = join(root, path);
  const { mode } = wanted;
  const found = await lookAt(target);
  if (found?.isFile() && (await sameContent(target, found, wanted)))
    return (found.mode & 0o777) === mode ? undefined : { path: target, mode };
  const draft = join(await nearestDirectory(root, dirname(target)), `${DRAFT}${randomBytes(8).toString("hex")}`);
  try {
    await copyFile(wanted.source, draft, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await chmod(draft, mode);
  } catch (cause) {
    await rm(draft, { force: true });
    throw cause;
  }
  return { path: target, mode, draft };
}

/** Puts a prepared file in place atomically; an existing directory is replaced. */
export async function replaceFile({ path, mode, draft }: Replacement): Promise<void> {
  if (draft === undefined) return chmod(path, mode);
  if ((await lookAt(path))?.isDirectory()) await rm(path, { recursive: true });
  await rename(draft, path);
}

/** Deletes prepared files that are not in place. */
export async function dropDrafts(replacements: readonly Replacement[]): Promise<void> {
  for (const { draft } of replacements) if (draft !== undefined) await rm(draft, { force: true });
}

/** Deletes temporary files of a killed sync. */
export async function dropOldDrafts(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter(isDraft)) await rm(join(directory, name), { force: true });
}

/** Whether a file has the form of a draft. */
function isDraft(name: string): boolean {
  return name.startsWith(DRAFT) && /^[0-9a-f]{16}$/.test(name.slice(DRAFT.length));
}

/** Creates a directory with mode 0755, regardless of the umask; anything else at the path is replaced. */
export async function placeDirectory(path: string): Promise<void> {
  if (await lookAt(path)) await rm(path);
  await mkdir(path);
  await chmod(path, 0o755);
}

async function nearestDirectory(root: string, directory: string): Promise<string> {
  for (let at = directory; at !== root; at = dirname(at)) if ((await lookAt(at))?.isDirectory()) return at;
  return root;
}

async function sameContent(path: string, found: Stats, wanted: Wanted): Promise<boolean> {
  if (found.size !== wanted.size) return false;
  const here = await open(path);
  try {
    const there = await open(wanted.source);
    try {
      return await samePieces(here, there, wanted.size);
    } finally {
      await there.close();
    }
  } finally {
    await here.close();
  }
}

async function samePieces(here: FileHandle, there: FileHandle, size: number): Promise<boolean> {
  const [one, two] = [Buffer.alloc(Math.min(PIECE, size)), Buffer.alloc(Math.min(PIECE, size))];
  for (let at = 0; at < size; ) {
    const [{ bytesRead }, other] = await Promise.all([here.read(one), there.read(two)]);
    if (bytesRead === 0 || bytesRead !== other.bytesRead) return false;
    if (!one.subarray(0, bytesRead).equals(two.subarray(0, bytesRead))) return false;
    at += bytesRead;
  }
  return true;
}
