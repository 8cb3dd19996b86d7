import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "./fleet/processes.ts";

/** A file system in memory that Debian has. */
const MEMORY = "/dev/shm";
const PREFIX = "maand-test-";
/** Bytes that the tests may need at the same time. */
const ENOUGH = 4 * 1024 ** 3;

/**
 * Makes a directory in memory for the temporary files of the tests, which is removed when this process ends: a store
 * waits for the disk at every commit, which was more than half of the time of all tests. Undefined where there is no
 * such file system, or where it is too small or does not execute programs, as in most containers.
 */
export function filesInMemory(): string | undefined {
  if (!hasRoom()) return undefined;
  for (const name of readdirSync(MEMORY)) {
    const [, pid] = /^maand-test-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(MEMORY, name), { recursive: true, force: true });
  }
  const directory = mkdtempSync(join(MEMORY, `${PREFIX}${process.pid}-`));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  if (!runsPrograms(directory)) {
    remove();
    return undefined;
  }
  chmodSync(directory, 0o1777); // other users of the tests write there, as in /tmp
  process.on("exit", remove);
  return directory;
}

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ENOUGH;
  } catch {
    return false;
  }
}

function runsPrograms(directory: string): boolean {
  const program = join(directory, "program");
  writeFileSync(program, "#!/bin/sh\n", { mode: 0o700 });
  return spawnSync(program).status === 0;
}
