import { type ActionContext, MaandError } from "@maand/core";

/** Everything but data and logs goes; the directory itself when nothing is left; a missing directory is fine. */
const PROGRAM = [
  'test -d "$1" || exit 0',
  'find "$1" -mindepth 1 -maxdepth 1 ! -name data ! -name logs -exec rm -rf -- {} + || exit 1',
  'rmdir -- "$1" 2>/dev/null || :',
].join("\n");

/**
 * Takes a removed job's files off its worker; `data/` and `logs/` stay.
 * @throws what `remote.exec` throws; STAGE_FAILED for a directory that is not a job's
 */
export async function removeJob({ remote, directory, timeoutMs, signal }: ActionContext): Promise<void> {
  const jobs = `${remote.root}/jobs/`;
  const name = directory.slice(jobs.length);
  if (!directory.startsWith(jobs) || !/^[^/.][^/]*$/.test(name)) {
    const message = `refused to empty ${directory} on ${remote.host}: it is no job's directory`;
    throw new MaandError({ code: "STAGE_FAILED", worker: remote.host, message });
  }
  const title = `removing ${directory}`;
  await remote.exec(["sh", "-c", PROGRAM, "sh", directory], { title, asRoot: true, timeoutMs, signal });
}
