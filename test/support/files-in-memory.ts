import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "./fleet/processes.ts";

/** Debian's file system in memory. */
const MEMORY = "/dev/shm";
const PREFIX = "maand-test-";
/** The maximum number of bytes that the tests need at the same time. */
const ENOUGH = 4 * 1024 ** 3;

/**
 * Creates a directory in memory for the temporary files of the tests, and removes it when this process ends. On a disk,
 * the tests would take more than twice as long, because a store waits for the disk at every commit. Returns undefined
 * if the file system is missing, too small or mounted with noexec, as in most containers.
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
  chmodSync(directory, 0o1777); // because tests also write there as other users, as in /tmp
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
