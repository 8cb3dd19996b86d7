import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { chmod, copyFile, type FileHandle, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Wanted } from "./sources.ts";

const PIECE = 256 * 1024;

/** Makes a file what it is to be, by replacing it in one step; one that is so already is not touched. */
export async function placeFile(path: string, wanted: Wanted): Promise<void> {
  const found = await lookAt(path);
  if (found?.isFile() && (await sameContent(path, found, wanted))) {
    if ((found.mode & 0o777) !== wanted.mode) await chmod(path, wanted.mode);
    return;
  }
  if (found?.isDirectory()) await rm(path, { recursive: true });
  const draft = join(dirname(path), `.${basename(path).slice(0, 200)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    await copyFile(wanted.source, draft, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await chmod(draft, wanted.mode);
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true });
    throw cause;
  }
}

/** Makes sure that a path is a directory itself: whatever else is there, a link for one, gives way. */
export async function placeDirectory(path: string): Promise<void> {
  const found = await lookAt(path);
  if (found?.isDirectory()) return;
  if (found) await rm(path);
  await mkdir(path, { mode: 0o755 });
}

async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
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
