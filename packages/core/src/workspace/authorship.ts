import { userInfo } from "node:os";
import { headOf, isInRepository } from "./git-head.ts";

/** The author of a build: the user, and the commit of the workspace. */
export interface Authorship {
  /** The name of the user that runs this command. */
  readonly by: string;
  /**
   * The commit the workspace is at, with `+changes` if files in it were not committed; absent outside a git repository.
   */
  readonly commit?: string;
}

/** Marks a commit whose working tree had changes that were not committed. */
const CHANGES = "+changes";

/** The timeout of git in milliseconds, because a build must not wait for a slow file system. */
const GIT_MS = 5000;

/**
 * The user of this process and the git commit of a directory. Without git, or if git refuses, there is no commit.
 * `known` is the recorded authorship of the same files. Git is not started if the directory is still at that commit, or
 * is outside a repository.
 */
export async function authorshipOf(directory: string, known?: Pick<Authorship, "commit">): Promise<Authorship> {
  const commit = await commitOf(directory, known?.commit);
  return { by: userName(), ...(commit === undefined ? {} : { commit }) };
}

/** The name of the user of this process, or the numeric id if the user has no name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}

/** A commit without the mark for uncommitted changes. */
export function plainCommit(commit: string): string {
  return commit.endsWith(CHANGES) ? commit.slice(0, -CHANGES.length) : commit;
}

/**
 * Whether `commit` contains `other`. Returns false also if the repository does not have `other`. Returns undefined if
 * the repository does not have `commit`, or if git cannot be run.
 */
export async function containsCommit(directory: string, commit: string, other: string): Promise<boolean | undefined> {
  const { code } = await git(directory, "merge-base", "--is-ancestor", other, commit);
  if (code === 0) return true;
  if (code === 1) return false;
  const known = await git(directory, "cat-file", "-e", `${commit}^{commit}`);
  return known.code === 0 ? false : undefined;
}

async function commitOf(directory: string, known: string | undefined): Promise<string | undefined> {
  const read = headOf(directory);
  if (known !== undefined && read !== undefined && plainCommit(known) === read) return known;
  if (!isInRepository(directory)) return undefined;
  const head = read ?? (await output(directory, "rev-parse", "--verify", "HEAD"));
  if (head === undefined) return undefined;
  const changes = await output(directory, "status", "--porcelain", "--", ".");
  if (changes === undefined) return undefined;
  return changes === "" ? head : `${head}${CHANGES}`;
}

async function output(directory: string, ...args: readonly string[]): Promise<string | undefined> {
  const { code, stdout } = await git(directory, ...args);
  return code === 0 ? stdout.trim() : undefined;
}

/**
 * Runs git; the code is undefined if git could not be started or did not end. Git runs no program that the repository's
 * configuration names.
 */
async function git(
  directory: string,
  ...args: readonly string[]
): Promise<{ readonly code: number | undefined; readonly stdout: string }> {
  const { execFile } = await import("node:child_process");
  const safe = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", directory];
  return new Promise((resolve) => {
    const options = { timeout: GIT_MS, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, GIT_OPTIONAL_LOCKS: "0" } };
    execFile("git", [...safe, ...args], options, (error, stdout) => {
      const code = error ? (typeof error.code === "number" ? error.code : undefined) : 0;
      resolve({ code, stdout });
    });
  });
}
