import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Beginning of the directories of commands that hold no lock; the process follows. */
const FREE = "free-";

/** A private directory of one command, made when it is first asked for. */
export interface Temporary {
  readonly tmp: string;
  /** Deletes it and all that is in it. */
  remove(): void;
}

/**
 * A private directory below the bucket's `tmp/`. Whoever holds the bucket's lock empties what died runs left there first;
 * one without the lock (`pid` given) is left alone as long as its process lives.
 */
export function temporary(parent: string, id: string, pid?: number): Temporary {
  const directory = join(parent, pid === undefined ? id : `${FREE}${pid}-${id}`);
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
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    if (pid === undefined) for (const left of readdirSync(parent).filter(isLeft)) clear(left);
    mkdirSync(directory, { mode: 0o700 });
  }

  function clear(name: string): void {
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}

/** Whether nobody works in a directory any more: the lock is ours, so only those without it can. */
function isLeft(name: string): boolean {
  const [, pid] = name.startsWith(FREE) ? (/^free-(\d+)-/.exec(name) ?? []) : [];
  return pid === undefined || !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}
