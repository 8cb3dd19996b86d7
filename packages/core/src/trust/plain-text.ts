import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readFileSync } from "node:fs";
import { plainBytes } from "../domain/workspace/resource-units.ts";
import { statOf } from "./access.ts";
import { userName } from "./accounts.ts";

/**
 * The maximum size of a user-written file, in bytes. It is far more than any such file needs, but far less than the
 * memory of a machine.
 */
const LARGEST = 64 * 1024 * 1024;

/** Why a file cannot be read, and how to fix it. */
export interface Reason {
  readonly message: string;
  readonly hint: string;
}

/**
 * The text of a user-written file, or the reason why it cannot be read; undefined if there is no file. Only a plain
 * file is read, because reading a pipe in its place might never end. A byte order mark is not part of the text.
 */
export function textOrReason(path: string): string | Reason | undefined {
  // most jobs lack most of these files, and throwing an exception for each missing file would be slow
  if (!existsSync(path)) return lstatSync(path, { throwIfNoEntry: false }) && DEAD_LINK;
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(file);
    if (!stats.isFile()) return { message: "is not a file", hint: "delete it, and create the file" };
    if (stats.size <= LARGEST) return decode(readFileSync(file));
    return { message: `is too large: ${plainBytes(stats.size)}`, hint: `the limit is ${plainBytes(LARGEST)}` };
  } catch (cause) {
    return unreadable(cause);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * The bytes of a plain file. Throws a system error if the file cannot be read, and EINVAL for a pipe or device, because
 * reading it might never end.
 */
export function readPlain(path: string): Buffer {
  const file = openPlain(path);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** Opens a plain file for reading. Throws the same errors as `readPlain`. */
export function openPlain(path: string): number {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (fstatSync(file).isFile()) return file;
    throw Object.assign(new Error(`${path} is not a file`), { code: "EINVAL", path });
  } catch (cause) {
    closeSync(file);
    throw cause;
  }
}

const DEAD_LINK: Reason = { message: "is a link to a missing file", hint: "restore its target, or delete it" };

/** Why a file or directory cannot be read, and how to fix it; undefined if it does not exist. Throws other errors. */
export function unreadable(cause: unknown): Reason | undefined {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return undefined;
  if (code === "EACCES" || code === "EPERM")
    return {
      message: `cannot be read: ${deniedText(cause)}`,
      hint: "make it readable for the user who runs maand",
    };
  if (code === "ELOOP") return { message: "is a link to itself", hint: "delete it" };
  if (typeof code !== "string") throw cause;
  return { message: `cannot be read: ${code}`, hint: "check its disk" };
}

/** `permission denied: it belongs to root`, if the error names a path. */
function deniedText(cause: unknown): string {
  const path = cause instanceof Error && "path" in cause ? String(cause.path) : undefined;
  const owner = path === undefined ? undefined : statOf(path)?.uid;
  return owner === undefined ? "permission denied" : `permission denied: it belongs to ${userName(owner)}`;
}

function decode(bytes: Uint8Array): string | Reason {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { message: "is not UTF-8 text", hint: "save it as UTF-8" };
  }
}
