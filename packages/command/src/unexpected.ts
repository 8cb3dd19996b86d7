import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { inspect } from "node:util";
import { systemText } from "./system-text.ts";

export { systemText };

/** Maximum number of detail files to keep in one directory. */
const KEPT = 20;
/** Maximum number of characters to show of an error's first line. */
const SHOWN = 300;

/** An open bucket: the location of its logs, and the mask for its secrets. */
export interface KnownBucket {
  readonly paths: { readonly root: string; readonly logs: string };
  readonly mask: { text(text: string): string };
}

const open: KnownBucket[] = [];

/**
 * Writes the details of unexpected errors to this bucket's logs, without its secrets, until the returned function is
 * called.
 */
export function keepDetailsIn(bucket: KnownBucket): () => void {
  open.push(bucket);
  return () => {
    open.splice(open.indexOf(bucket), 1);
  };
}

/** The printed part of an unexpected error. */
export interface Shown {
  readonly message: string;
  readonly hint: string;
}

/**
 * The text of an unexpected error: its first line, a code, and the file with the stack trace. It is a bug in maand or
 * in a plugin, so the file contains everything needed for a bug report. `logs` finds the logs of a bucket that is not
 * open.
 */
export function unexpected(cause: unknown, now: Date, logs?: () => string): Shown {
  const bucket = open.at(-1);
  const hide = (text: string) => bucket?.mask.text(text) ?? text;
  const command = `maand ${process.argv.slice(2).join(" ")}`;
  const details = [now.toISOString(), `node ${process.version}`, command, inspected(cause), ""].join("\n");
  const place = written(hide(details), () => bucket?.paths.logs ?? logs?.(), now);
  return {
    message: `unexpected error (UNEXPECTED): ${hide(firstLine(cause))}${thrownIn(cause, bucket?.paths.root)}; ${place}`,
    hint: "this is a bug in maand or in a plugin; please report it with that file",
  };
}

function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  const [line = ""] = text.split("\n");
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}...` : line;
}

/** The innermost file of the bucket in the stack, which is a plugin or the configuration: ` (plugin.ts:3:7)`. */
function thrownIn(cause: unknown, root: string | undefined): string {
  const stack = cause instanceof Error ? (cause.stack ?? "") : "";
  if (root === undefined) return "";
  const frames = stack.matchAll(/(?:file:\/\/)?(\/[^()\n]*?)(?:\?[^:\n]*)?(:\d+:\d+)\)?$/gm);
  for (const [, path = "", at = ""] of frames)
    if (path.startsWith(`${root}/`) && !path.includes("/node_modules/")) return ` (${relative(root, path)}${at})`;
  return "";
}

function inspected(cause: unknown): string {
  return inspect(cause, { depth: 4, maxStringLength: 10_000, maxArrayLength: 50 });
}

/** A directory in the logs of the bucket; outside a bucket, or without access to it, a new temporary directory. */
function detailsDirectory(logsOf: () => string | undefined): string {
  try {
    const logs = logsOf();
    if (logs !== undefined) return errorsIn(logs);
  } catch {}
  return mkdtempSync(join(tmpdir(), "maand-error-"));
}

function errorsIn(logs: string): string {
  const directory = join(logs, "errors");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const old of readdirSync(directory)
    .filter(isDetails)
    .sort()
    .slice(0, 1 - KEPT))
    rmSync(join(directory, old));
  return directory;
}

function isDetails(name: string): boolean {
  return /^\d{8}T\d{9}Z-\d+\.txt$/.test(name);
}

/** Writes the details to a private file, and returns its path. */
function written(details: string, logs: () => string | undefined, now: Date): string {
  const name = `${now.toISOString().replace(/[-:.]/g, "")}-${process.pid}.txt`;
  try {
    const file = join(detailsDirectory(logs), name);
    writeFileSync(file, details, { mode: 0o600, flag: "wx" });
    return `details in ${shortest(file)}`;
  } catch (why) {
    return `its details could not be written: ${why instanceof Error ? systemText(why) : String(why)}`;
  }
}

function shortest(file: string): string {
  const from = relative(process.cwd(), file);
  return from.startsWith("..") ? file : from;
}
