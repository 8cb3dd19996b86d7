import { randomUUID } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

const DIRECTORY = 0o755;
const FILE = 0o644;
const PRIVATE_DIRECTORY = 0o700;

/** Creates a world-readable directory and its missing parents, whatever the umask. */
export function makeDirectories(path: string): void {
  if (existsSync(path)) return;
  makeDirectories(dirname(path));
  mkdirSync(path);
  chmodSync(path, DIRECTORY);
}

/**
 * Creates a directory that only its owner can access, or removes the access of other users from an existing directory.
 * An existing link is not changed, because other programs may use its target.
 */
export function makePrivateDirectory(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) mkdirSync(path, { recursive: true, mode: PRIVATE_DIRECTORY });
  else if (found.isDirectory()) chmodSync(path, PRIVATE_DIRECTORY);
}

/** Writes a world-readable file, whatever the umask. Throws EEXIST if it exists. */
export function createFile(path: string, text: string | Uint8Array): void {
  const file = openSync(path, "wx", FILE);
  try {
    fchmodSync(file, FILE);
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}

/** Replaces a file atomically. The file keeps its mode and owner; a link is followed. */
export function replaceFile(path: string, text: string | Uint8Array): void {
  const target = realpathSync(path);
  const { mode, uid, gid } = statSync(target);
  const fresh = `${target}.${randomUUID()}`;
  try {
    const file = openSync(fresh, "wx", 0o600);
    try {
      if (process.getuid?.() === 0) fchownSync(file, uid, gid); // only root can change the owner of a file
      fchmodSync(file, mode & 0o777);
      writeFileSync(file, text);
    } finally {
      closeSync(file);
    }
    renameSync(fresh, target);
  } finally {
    rmSync(fresh, { force: true });
  }
}
