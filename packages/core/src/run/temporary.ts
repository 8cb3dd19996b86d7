import { lstatSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { error } from "../domain/checks/problem.ts";
import { isRunId } from "../domain/workspace/names.ts";
import { problemsError } from "../errors.ts";
import { makePrivateDirectory } from "../workspace/write-files.ts";

/** The name of a command's directory: the id of the command, preceded by `free-<pid>-` if the command holds no lock. */
const NAME = /^(?:free-(\d+)-)?([^/]+)$/;

/** A private directory of one command, created on first access. */
export interface Temporary {
  /** Its path. Throws PROBLEMS when the bucket's `tmp` is not a directory. */
  readonly tmp: string;
  /** Deletes the directory and its contents. */
  remove(): void;
}

/**
 * Creates a private directory in the bucket's `tmp/`. The holder of the bucket's lock first deletes directories of dead
 * runs. The directory of a command without the lock (`pid` given) remains while its process is alive. Nothing else in
 * `tmp/` is ever deleted. If `tmp` is a link, nothing is deleted at all, because its target may be shared.
 */
export function temporary(parent: string, id: string, pid?: number): Temporary {
  const directory = join(parent, pid === undefined ? id : `free-${pid}-${id}`);
  let made = false;
  return {
    get tmp() {
      if (!made) make();
      made = true;
      return directory;
    },
    remove: () => {
      if (made) rmSync(directory, { recursive: true, force: true });
    },
  };

  function make(): void {
    makeParent(parent);
    if (pid === undefined && !lstatSync(parent).isSymbolicLink()) {
      for (const left of leftBehind(parent)) rmSync(left, { recursive: true, force: true });
    }
    mkdirSync(directory, { mode: 0o700 });
  }
}

/**
 * Paths of the directories that dead commands left behind in a bucket's `tmp/`. Assumes that no other process holds the
 * lock.
 */
export function leftBehind(parent: string): string[] {
  return readdirSync(parent)
    .map((name) => join(parent, name))
    .filter((path) => isRunDirectory(path) && !hasProcess(path));
}

/** Whether a path in `tmp/` has the form of a directory that maand creates. */
export function isRunDirectory(path: string): boolean {
  const id = NAME.exec(basename(path))?.[2];
  return id !== undefined && isRunId(id) && lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function makeParent(parent: string): void {
  const found = lstatSync(parent, { throwIfNoEntry: false });
  if (!found) makePrivateDirectory(parent);
  else if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory()) {
    const message = found.isSymbolicLink() ? "is a broken link" : "is not a directory";
    const problem = error("tmp_unusable", parent, message, "move it away; maand creates the directory");
    throw problemsError([problem], `${basename(parent)} ${message}`);
  }
}

/**
 * Whether the process that a directory names is still alive. A directory without a process id belongs to a holder of
 * the lock. This process holds the lock now, so the earlier holder is dead.
 */
function hasProcess(path: string): boolean {
  const pid = NAME.exec(basename(path))?.[1];
  return pid !== undefined && isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}
