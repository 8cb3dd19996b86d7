import { lstat, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { MaandError } from "@maand/core";

/** What a job wrote itself stays when the job goes: it is for `gc` to delete. */
const STAYS: ReadonlySet<string> = new Set(["data", "logs"]);

/**
 * Deletes all of a job's directory but its data and logs, and the directory too when nothing is left (deploy.md 1.5).
 * Links are deleted, never followed; a job that is gone already is done.
 */
export async function removeJob(host: string, directory: string): Promise<void> {
  try {
    const found = await lstat(directory);
    if (!found.isDirectory()) return await rm(directory);
    const names = await readdir(directory);
    const going = names.filter((name) => !STAYS.has(name));
    for (const name of going) await rm(join(directory, name), { recursive: true, force: true });
    if (going.length === names.length) await rmdir(directory);
  } catch (cause) {
    if (isNodeError(cause) && cause.code === "ENOENT") return;
    throw failed(host, directory, cause);
  }
}

function failed(host: string, directory: string, cause: unknown): MaandError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MaandError({
    code: "STAGE_FAILED",
    message: `${directory} on ${host} could not be cleaned: ${reason}`,
    worker: host,
    cause,
  });
}

function isNodeError(value: unknown): value is NodeJS.ErrnoException {
  return value instanceof Error && "code" in value;
}
