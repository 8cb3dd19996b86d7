import { userInfo } from "node:os";

/** The author of a build: the user, and the commit of the workspace. */
export interface Authorship {
  /** The name of the user that runs this command. */
  readonly by: string;
  /**
   * The commit the workspace is at, with `+changes` if files in it were not committed; absent outside a git repository.
   */
  readonly commit?: string;
}

/** Milliseconds that git may take, because a build must not wait for a slow file system. */
const GIT_MS = 5000;

/** The user of this process and the git commit of a directory. Without git, or if git refuses, there is no commit. */
export async function authorshipOf(directory: string): Promise<Authorship> {
  const commit = await commitOf(directory);
  return { by: userName(), ...(commit === undefined ? {} : { commit }) };
}

/** The name of the user of this process, or the number if there is no name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}

async function commitOf(directory: string): Promise<string | undefined> {
  const head = await git(directory, "rev-parse", "--verify", "HEAD");
  if (head === undefined) return undefined;
  const changes = await git(directory, "status", "--porcelain", "--", ".");
  return changes === "" ? head : `${head}+changes`;
}

/** The output of a git command; undefined if it failed. It runs no program that the repository's configuration names. */
async function git(directory: string, ...args: readonly string[]): Promise<string | undefined> {
  const { execFile } = await import("node:child_process");
  const safe = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", directory];
  return new Promise((resolve) => {
    const options = { timeout: GIT_MS, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, GIT_OPTIONAL_LOCKS: "0" } };
    execFile("git", [...safe, ...args], options, (error, stdout) => resolve(error ? undefined : stdout.trim()));
  });
}
