import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Remote } from "@maand/core";
import { fenceOf } from "@maand/core/internal";

/** The permissions of others that a record must not have. */
const OTHERS_WRITE = 0o022;

/**
 * Writes the record of the command to a local worker's directory. No other command writes there at the same time,
 * because only this machine has the directory, and the lock of the bucket excludes its other commands. Throws
 * OTHER_COPY, FENCED and FENCE_BROKEN.
 */
export async function takeFence(remote: Remote): Promise<void> {
  const fence = fenceOf(remote);
  if (!fence) return;
  const file = join(remote.root, "fence");
  const found = await recordIn(file);
  if (found.startsWith(`${fence.line}\n`)) return;
  fence.admit(found);
  const draft = `${file}.${randomBytes(8).toString("hex")}`;
  try {
    await write(draft, fence.text);
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true });
    throw cause;
  }
}

async function recordIn(file: string): Promise<string> {
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return "";
    return `!it cannot be read: ${cause instanceof Error ? cause.message : cause}`;
  }
  try {
    const about = await handle.stat();
    if (!about.isFile() || (about.mode & OTHERS_WRITE) !== 0) return "!it is not a private file";
    return (await handle.readFile("utf8")) || "!it is empty";
  } finally {
    await handle.close();
  }
}

async function write(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
