import type { ActionContext } from "@maand/core";

/** Everything but data and logs goes; the directory itself when nothing is left; one that is missing is fine. */
const PROGRAM = `test -d "$1" || exit 0
find "$1" -mindepth 1 -maxdepth 1 ! -name data ! -name logs -exec rm -rf -- {} + || exit 1
rmdir -- "$1" 2>/dev/null || :`;

/** Takes a removed job's files off its worker. */
export async function removeJob({ remote, directory, timeoutMs, signal }: ActionContext): Promise<void> {
  await remote.exec(["sh", "-c", PROGRAM, "sh", directory], {
    title: `removing ${directory}`,
    asRoot: true,
    timeoutMs,
    signal,
  });
}
