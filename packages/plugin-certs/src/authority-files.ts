import { chmodSync, existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InitContext } from "@maand/core";
import { readPlain, runKeyCommand } from "@maand/core/toolbox";
import { CERTS_SETTINGS } from "./conf.ts";

/** The paths of the CA's files, relative to the bucket's root. */
export const CRT = "secrets/ca.crt";
export const KEY = "secrets/ca.key";

/** The two files of a CA; undefined for a missing file. */
export interface AuthorityFiles {
  readonly crt: string | undefined;
  readonly key: string | undefined;
}

const printed = new Map<string, string>();

/**
 * Reads a CA: its certificate, and its key from the file or from `ca_key_command`. A key from the command is
 * kept only in memory. The command runs once per process. Throws SECRET_NOT_READ.
 */
export function readAuthorityFiles({ bucket: { root }, settings }: AuthorityContext): AuthorityFiles {
  const { ca_key_command: argv } = CERTS_SETTINGS.from(settings);
  const crt = textOf(join(root, CRT));
  if (argv.length === 0) return { crt, key: textOf(join(root, KEY)) };
  const id = JSON.stringify([root, argv]);
  const key = printed.get(id) ?? runKeyCommand({ argv, setting: "ca_key_command", root }).toString();
  printed.set(id, key);
  return { crt, key };
}

/** The parts of a context that locate the CA. */
export interface AuthorityContext extends Pick<InitContext, "settings"> {
  readonly bucket: Pick<InitContext["bucket"], "root">;
}

/** Makes the key private, because an operator may have created the file with another mode. */
export function keepPrivate(root: string): void {
  const file = join(root, KEY);
  if (existsSync(file)) chmodSync(file, 0o600);
}

/**
 * Writes a CA if none exists. Existing files are never replaced: the second of two concurrent writers fails.
 */
export function writeAuthorityFiles(root: string, { crt, key }: { readonly crt: string; readonly key: string }): void {
  mkdirSync(join(root, "secrets"), { recursive: true, mode: 0o700 });
  writeOnce(join(root, KEY), key);
  writeOnce(join(root, CRT), crt);
}

/** Writes the complete file or nothing: a hard link cannot replace an existing file. */
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
