import { randomUUID } from "node:crypto";
import { chmod, mkdir, realpath, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { readPlain, withFileLock } from "@maand/core/internal";
import { type HostKey, type KnownHost, knownHostLine, linesFor, namesWithout, parseKnownHosts } from "./known-hosts.ts";

/** The host keys pinned in one `known_hosts` file. */
export interface HostKeyPins {
  /** Path of the file; it need not exist. */
  readonly path: string;
  /** The lines for a name; reads the file each time, so that a key added in the meantime counts. */
  find(name: string): Promise<KnownHost[]>;
  /** Pins a key for a name that has no pin yet; returns the resulting lines for the name. */
  add(name: string, key: HostKey): Promise<KnownHost[]>;
  /**
   * Pins a key for a name, and replaces the keys that were pinned for it before. Other names on these lines keep their
   * pins.
   */
  replace(name: string, key: HostKey): Promise<void>;
}

/**
 * Opens the pins kept in `path`. Nothing is read or written yet. Every process holds `lockFile` while it writes the
 * file, so that no pin is lost if several commands connect to new workers at the same time.
 */
export function hostKeyPins(path: string, lockFile: string): HostKeyPins {
  const find = async (name: string) => linesFor(parseKnownHosts(textOf(path)), name);
  return {
    path,
    find,
    add: (name, key) =>
      withFileLock(lockFile, async () => {
        const lines = await find(name);
        if (lines.some(({ role }) => role === "pinned")) return lines;
        await write(path, withLine(textOf(path), knownHostLine(name, key)));
        return find(name);
      }),
    replace: (name, key) =>
      withFileLock(lockFile, async () => {
        const others = withoutName(textOf(path), name);
        await write(path, withLine(others, knownHostLine(name, key)));
      }),
  };
}

function withLine(text: string, line: string): string {
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${line}\n`;
}

function withoutName(text: string, name: string): string {
  const pinned = linesFor(parseKnownHosts(text), name).filter(({ role }) => role === "pinned");
  const namesAt = new Map(pinned.map(({ line, names }) => [line, names]));
  const lines = text.split("\n").flatMap((line, index) => {
    const names = namesAt.get(index + 1);
    if (names === undefined) return [line];
    const others = namesWithout(names, name);
    return others === "" ? [] : [line.replace(names, () => others)];
  });
  return lines.join("\n");
}

function textOf(path: string): string {
  try {
    return readPlain(path).toString("utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

/**
 * Writes a temporary file and renames it, so that no reader sees an incomplete file; a link to the file remains a link.
 */
async function write(link: string, text: string): Promise<void> {
  await mkdir(dirname(link), { recursive: true, mode: 0o700 });
  const path = await realpath(link).catch(() => link);
  const fresh = `${path}.${randomUUID()}`;
  try {
    await writeFile(fresh, text, { mode: 0o600 });
    await chmod(fresh, 0o600);
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}
