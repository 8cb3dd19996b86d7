import { chmodSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readPlain } from "@maand/core/toolbox";

/** The paths of the authority's files, relative to the bucket's root. */
export const CRT = "secrets/ca.crt";
export const KEY = "secrets/ca.key";

/** The two files of an authority; undefined for a missing one. */
export interface AuthorityFiles {
  readonly crt: string | undefined;
  readonly key: string | undefined;
}

/** Reads an authority's files. */
export function readAuthorityFiles(root: string): AuthorityFiles {
  return { crt: textOf(join(root, CRT)), key: textOf(join(root, KEY)) };
}

/** Makes the key private; an operator may have put it there with another mode. */
export function keepPrivate(root: string): void {
  chmodSync(join(root, KEY), 0o600);
}

/**
 * Writes an authority if none exists. Existing files are never replaced: the second of two concurrent writers fails.
 */
export function writeAuthorityFiles(root: string, { crt, key }: { readonly crt: string; readonly key: string }): void {
  mkdirSync(join(root, "secrets"), { recursive: true, mode: 0o700 });
  writeOnce(join(root, KEY), key);
  writeOnce(join(root, CRT), crt);
}

/** Writes the whole file or nothing: a hard link cannot replace an existing file. */
function writeOnce(file: string, text: string): void {
  const half = `${file}.new`;
  rmSync(half, { force: true });
  try {
    writeFileSync(half, text, { mode: 0o600, flag: "wx" });
    linkSync(half, file);
  } finally {
    rmSync(half, { force: true });
  }
}

function textOf(file: string): string | undefined {
  try {
    return readPlain(file).toString("utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}
