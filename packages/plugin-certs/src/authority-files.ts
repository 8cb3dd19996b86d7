import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where a bucket keeps its authority, below its root. */
export const CRT = "secrets/ca.crt";
export const KEY = "secrets/ca.key";

/** Both files of an authority, as far as they are there. */
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

/** Writes an authority if none exists. What is there is never replaced: the second of two writers fails. */
export function writeAuthorityFiles(root: string, { crt, key }: { readonly crt: string; readonly key: string }): void {
  mkdirSync(join(root, "secrets"), { recursive: true, mode: 0o700 });
  writeOnce(join(root, KEY), key);
  writeOnce(join(root, CRT), crt);
}

/** Whole or not at all: a link cannot take the place of another file. */
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
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}
