import type { ActionContext } from "@maand/core";

/**
 * Deletes everything except data and logs, and then the directory if it is empty; a missing directory is not an error.
 */
const PROGRAM = `test -d "$1" || exit 0
find "$1" -mindepth 1 -maxdepth 1 ! -name data ! -name logs -exec rm -rf -- {} + || exit 1
rmdir -- "$1" 2>/dev/null || :`;

/** Deletes a removed job's files from its worker. */
export async function removeJob({ remote, directory, timeoutMs, signal }: ActionContext): Promise<void> {
  await remote.exec(["sh", "-c", PROGRAM, "sh", directory], {
    title: `removing ${directory}`,
    asRoot: true,
    timeoutMs,
    signal,
  });
}
