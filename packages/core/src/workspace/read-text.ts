import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync } from "node:fs";
import { error, type Problem, type Report } from "../domain/checks/problem.ts";
import type { Place } from "../domain/checks/validate.ts";
import { plainBytes } from "../domain/workspace/units.ts";
import { statOf } from "../trust/access.ts";
import { userName } from "../trust/accounts.ts";

/** Maximum size in bytes of a user-written file: far more than any such file needs, but far less than the memory. */
const LARGEST = 64 * 1024 * 1024;

/** The path of a user-written file, and the problem to report if it is missing. */
export interface TextPlace extends Pick<Place, "file" | "code"> {
  readonly missing?: Problem;
}

/** A user-written text file; undefined if it is missing or unreadable. The latter is reported. */
export function readText(path: string, { file, code, missing }: TextPlace, report: Report): string | undefined {
  const read = contentOf(path);
  if (read === undefined && missing) report(missing);
  if (typeof read === "object") report(error(code, file, read.message, read.hint));
  return typeof read === "string" ? read : undefined;
}

interface Reason {
  readonly message: string;
  readonly hint: string;
}

/** The text, the reason why it is unreadable, or undefined if there is no file. */
function contentOf(path: string): string | Reason | undefined {
  if (!existsSync(path)) return undefined; // most jobs lack most of these files, and an exception for each would be slow
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

/** Why a file or directory cannot be read, and the remedy; undefined if it does not exist. Throws other errors. */
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
  return { message: `cannot be read: ${code}`, hint: "check the disk it is on" };
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
