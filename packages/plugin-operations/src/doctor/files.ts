import { type Dirent, existsSync, readdirSync, statfsSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Finding } from "@maand/core";
import { type BucketPaths, shellLine } from "@maand/core/internal";
import { fault, leftBehind, sound } from "@maand/core/operator";

/** The size of logs, in bytes, above which doctor reports them. */
const MANY_LOGS = 2_000_000_000;

/**
 * The free space that the disk of a bucket should have, in bytes: a deploy stages files and writes its journal there.
 */
const MIN_FREE = 100_000_000;

/** Checks the directory of a bucket: permissions of private files, leftover files, and free space. */
export function examineFiles(paths: BucketPaths, isInUse: boolean): Finding[] {
  return [...permissions(paths), ...abandoned(paths, isInUse), logSize(paths), freeSpace(paths)];
}

/** Only the owner may read keys, the store and the logs: directories have mode 0700, files 0600. */
function permissions({ root, data, secrets, logs, tmp }: BucketPaths): Finding[] {
  const directories = [data, secrets, logs, tmp].filter((path) => existsSync(path));
  const files = [data, secrets, logs].flatMap((path) =>
    entriesOf(path)
      .filter((entry) => entry.isFile())
      .map((entry) => join(path, entry.name)),
  );
  const open = [
    ...directories.map((path) => ({ path, mode: "700" })),
    ...files.filter(isPrivate).map((path) => ({ path, mode: "600" })),
  ];
  const faults = open.flatMap(({ path, mode }) => {
    const now = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    if ((now & 0o077) === 0) return [];
    const message = `other users can access it: its mode is ${(now & 0o777).toString(8).padStart(4, "0")}`;
    return [fault("permissions", relative(root, path), message, shellLine(["chmod", mode, path]))];
  });
  return faults.length > 0 ? faults : [sound("permissions", ".", "private files have private modes")];
}

/** Any user may read public keys and certificates. */
function isPrivate(path: string): boolean {
  return !/\.(pub|crt)$/.test(path);
}

/**
 * Staged files contain rendered secrets. A run removes its staged files; files without a running command come from a
 * run that was killed.
 */
function abandoned({ root, tmp }: BucketPaths, isInUse: boolean): Finding[] {
  const left = isInUse || !isDirectory(tmp) ? [] : leftBehind(tmp);
  if (left.length === 0) return [sound("tmp", relative(root, tmp), "no leftover files")];
  return left.map((path) =>
    fault("tmp", relative(root, path), "a killed run left its staged files", shellLine(["rm", "-rf", path])),
  );
}

function logSize({ root, logs }: BucketPaths): Finding {
  const size = sizeOf(logs);
  const where = relative(root, logs);
  const message = `${megabytes(size)} MB`;
  if (size < MANY_LOGS) return sound("logs", where, message);
  const comment =
    "# deletes the logs of single runs; logs.max_mb, keep_files and keep_runs in maand.conf limit the size";
  return fault("logs", where, `${message} of logs`, `${shellLine(["rm", "-rf", join(logs, "runs")])}  ${comment}`);
}

function freeSpace({ root }: BucketPaths): Finding {
  const { bavail, bsize } = statfsSync(root);
  const free = bavail * bsize;
  const message = `${megabytes(free)} MB are free`;
  if (free >= MIN_FREE) return sound("disk", ".", message);
  return fault(
    "disk",
    ".",
    `only ${message}`,
    `${shellLine(["du", "-xsh", join(root, "logs"), join(root, "data")])}  # shows the largest files`,
  );
}

function sizeOf(path: string): number {
  return entriesOf(path).reduce((sum, entry) => {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) return sum + sizeOf(inside);
    return sum + (statSync(inside, { throwIfNoEntry: false })?.size ?? 0);
  }, 0);
}

function entriesOf(path: string): Dirent[] {
  return isDirectory(path) ? readdirSync(path, { withFileTypes: true }) : [];
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0);
}
