import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Job, JobFile, ScopedJobContext } from "@maand/core";
import { MODULES } from "./process/scripts.ts";

/** The library that every script can import. It replaces a job's file of the same name. */
const LIBRARY = ["maand.py", "maand.ts"];

/** The directory of helper libraries and of the launcher for TypeScript hooks. */
// the path must work from src/ and from the bundle in dist/, so this file must not move
export const LIB = new URL("../lib/", import.meta.url).pathname;

/** The files of a job that a process needs. */
export type Extent = "modules" | "all";

/**
 * The files of jobs, created once in the private directory of a run; each process gets links to them. They are
 * read-only, because several processes share them.
 */
export class SharedFiles {
  readonly #root: string;
  readonly #written = new Map<string, Set<Extent>>();
  readonly #free = new Map<string, string[]>();
  #count = 0;
  #certs = false;

  /** `tmp` is the run's private directory. */
  constructor(tmp: string) {
    this.#root = join(tmp, "commands");
  }

  /**
   * A directory name for one process of a job. Names are reused, because compiled scripts are cached by path and would
   * otherwise be compiled for every process.
   */
  take({ name }: Pick<Job, "name">): string {
    const left = this.#free.get(name)?.pop();
    if (left !== undefined) return left;
    this.#count += 1;
    return join(this.#root, `at-${this.#count}`);
  }

  /** Deletes the directory and frees its name for the next process. */
  async giveBack({ name }: Pick<Job, "name">, directory: string): Promise<void> {
    await rm(directory, { recursive: true, force: true });
    const free = this.#free.get(name) ?? [];
    free.push(directory);
    this.#free.set(name, free);
  }

  /** A directory with only the certificate of the CA, if there is one. */
  certs(authority: string | undefined): string {
    const directory = join(this.#root, "certs");
    if (this.#certs) return directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (authority !== undefined) writeFileSync(join(directory, "ca.crt"), authority, { mode: 0o400 });
    this.#certs = true;
    return directory;
  }

  /** The cache of compiled scripts of this run. */
  get cache(): string {
    return join(this.#root, "cache");
  }

  /** The directory with a job's files, at least `_modules/`. */
  of({ job, pieces }: Pick<ScopedJobContext, "job" | "pieces">, extent: Extent): string {
    const directory = join(this.#root, "jobs", job.name);
    const done = this.#written.get(job.name) ?? new Set();
    this.#written.set(job.name, done);
    const writePart = (part: Extent, files: readonly JobFile[]) => {
      if (done.has(part)) return;
      for (const file of files) write(join(directory, file.path), pieces(file), file.executable);
      done.add(part);
    };
    if (!done.has("modules")) this.#begin(directory);
    writePart("modules", job.files.filter(isModule));
    if (extent === "all") {
      writePart(
        "all",
        job.files.filter((file) => !isModule(file)),
      );
    }
    return directory;
  }

  #begin(directory: string): void {
    const modules = join(directory, MODULES);
    mkdirSync(join(modules, "__pycache__"), { recursive: true, mode: 0o700 });
    mkdirSync(this.cache, { recursive: true, mode: 0o700 });
    for (const name of LIBRARY) if (existsSync(join(LIB, name))) copyFileSync(join(LIB, name), join(modules, name));
  }
}

function isModule({ path }: Pick<JobFile, "path">): boolean {
  return path.startsWith(`${MODULES}/`);
}

function write(path: string, pieces: Iterable<Uint8Array>, executable: boolean): void {
  if (path.endsWith(`/${MODULES}/maand.py`) || path.endsWith(`/${MODULES}/maand.ts`)) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = openSync(path, "w", executable ? 0o500 : 0o400);
  try {
    for (const piece of pieces) writeFileSync(file, piece);
  } finally {
    closeSync(file);
  }
}
