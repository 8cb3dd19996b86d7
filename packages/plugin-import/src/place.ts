import {
  chmodSync,
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { type BucketPaths, bucketPaths, makePrivateDirectory } from "@maand/core/internal";

/** The paths at which an import reads the old store and builds the new one. */
export interface ImportPlace {
  /** The old store, or a copy of it. */
  readonly original: string;
  /** The paths of the new bucket. */
  readonly paths: BucketPaths;
  /** The paths of an already imported bucket. */
  readonly imported: BucketPaths;
  /** Prepares for the new store: deletes the files that a killed import left behind. */
  begin(): void;
  /** Replaces the old store with the new one. Returns the path of the kept old store. */
  finish(): string;
  /** Deletes the files that are no longer needed after the import, whether the import succeeded or not. */
  end(): void;
}

/** The new store is written next to the old one and replaces it atomically. Both must be closed before `finish`. */
export function placeBeside(paths: BucketPaths): ImportPlace {
  const fresh = `${paths.store}.new`;
  const clear = () => {
    for (const suffix of SUFFIXES) rmSync(`${fresh}${suffix}`, { force: true });
  };
  return {
    original: paths.store,
    paths: { ...paths, store: fresh },
    imported: paths,
    begin: clear,
    finish: () => {
      for (const directory of [paths.data, paths.secrets, paths.logs]) makePrivateDirectory(directory);
      keepFilesPrivate(paths.secrets);
      return swap(paths.store, fresh);
    },
    end: clear,
  };
}

/**
 * A private copy of the files that an import writes: the store, and the secrets with the known hosts. The bucket itself
 * stays unchanged.
 */
export function placeApart(paths: BucketPaths): ImportPlace {
  const root = mkdtempSync(join(tmpdir(), "maand-import-"));
  const apart = bucketPaths(root);
  const original = join(root, "original.db");
  for (const directory of [apart.data, apart.logs]) mkdirSync(directory, { mode: 0o700 });
  for (const suffix of ["", "-wal"])
    if (existsSync(paths.store + suffix)) copyFileSync(paths.store + suffix, original + suffix);
  for (const kept of keptStores(paths)) copyFileSync(kept, join(apart.data, basename(kept)));
  if (existsSync(paths.secrets)) cpSync(paths.secrets, apart.secrets, { recursive: true });
  return {
    original,
    paths: { ...apart, workspace: paths.workspace },
    imported: { ...apart, workspace: paths.workspace, store: original },
    begin: () => undefined,
    finish: () => "",
    end: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Suffixes of the files that SQLite creates next to a database. */
const SUFFIXES = ["", "-wal", "-shm", "-journal"];

/**
 * Keeps the old store under another name, and renames the new one over it. At any time there is one complete store at
 * the path: the old one or the new one.
 */
function swap(store: string, fresh: string): string {
  const kept = keptName(store);
  if (!existsSync(kept)) keep(store, kept);
  flush(fresh);
  chmodSync(fresh, 0o600);
  renameSync(fresh, store);
  flush(dirname(store));
  return kept;
}

/** `maand.go.db`, or with a number if an older store has that name. */
function keptName(store: string): string {
  const base = store.replace(/\.db$/, ".go");
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? `${base}.db` : `${base}-${number}.db`;
    if (!existsSync(name) || statSync(name).ino === statSync(store).ino) return name;
  }
}

/** Stores of the Go program that earlier imports kept. */
export function keptStores({ data }: Pick<BucketPaths, "data">): string[] {
  return readdirSync(data)
    .filter((name) => /^maand\.go(-\d+)?\.db$/.test(name))
    .map((name) => join(data, name));
}

/** A hard link to the file; a copy on file systems without hard links. */
function keep(store: string, kept: string): void {
  try {
    linkSync(store, kept);
  } catch {
    copyFileSync(store, `${kept}.part`);
    flush(`${kept}.part`);
    renameSync(`${kept}.part`, kept);
  }
  flush(dirname(kept));
}

function flush(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes secret files private. The Go program left the key of its CA readable by all users. */
function keepFilesPrivate(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isFile()) chmodSync(join(directory, entry.name), 0o600);
}
