import { manifestFile } from "../../domain/manifest/manifest.ts";
import { MaandError } from "../../errors.ts";
import type { TreeFile } from "../../plugin-api/contexts.ts";
import type { ExecOptions, Remote } from "../../remote/remote.ts";

/** A job whose files were synced to a worker. */
export interface StagedJob {
  readonly job: string;
  readonly files: readonly Pick<TreeFile, "path" | "access">[];
  /** Files of the version that was promoted on this worker before. */
  readonly before: readonly Pick<TreeFile, "access">[];
}

/**
 * The maximum number of bytes of paths in one command, because sshd passes the whole command to a shell as one
 * argument, which Linux limits to 128 KiB.
 */
const BYTES_AT_ONCE = 32 * 1024;

/** Sets the owner of the given files; an empty owner means the user that runs the command. */
const SCRIPT =
  'owner=$1 group=$2; shift 2; [ "$owner" ] || owner=$(id -u); [ "$group" ] || group=$(id -g); exec chown -h "$owner:$group" "$@"';

/**
 * Sets the owner and group of files on a worker as their manifests require. If a job sets any owner, or did in its
 * previous version, its other files get the default owner, so that a removed rule does not stay in effect. Jobs without
 * owners are skipped, because their own targets may have set owners. Throws STAGE_FAILED with the reason.
 */
export async function giveOwners(
  remote: Remote,
  jobs: readonly StagedJob[],
  options: Pick<ExecOptions, "timeoutMs" | "signal">,
): Promise<void> {
  for (const { job, files, before } of jobs) {
    if (![...files, ...before].some(hasOwner)) continue;
    for (const [pair, paths] of byOwner(files)) {
      const [owner = "", group = ""] = pair.split(":");
      for (const some of chunks(paths.map((path) => `${remote.root}/jobs/${job}/${path}`))) {
        const argv = ["sh", "-c", SCRIPT, "maand", owner, group, ...some];
        const { code, stderr } = await remote.probe(argv, { ...options, asRoot: true, env: { LC_ALL: "C" } });
        if (code !== 0) throw refusal(job, remote.host, pair, stderr);
      }
    }
  }
}

function hasOwner({ access }: Pick<TreeFile, "access">): boolean {
  return access?.owner !== undefined || access?.group !== undefined;
}

/** Paths by `owner:group`; names contain no colon. */
function byOwner(files: StagedJob["files"]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { path, access } of files) {
    const pair = `${access?.owner ?? ""}:${access?.group ?? ""}`;
    found.set(pair, [...(found.get(pair) ?? []), path]);
  }
  return found;
}

function chunks(paths: readonly string[]): string[][] {
  const found: string[][] = [];
  let freeBytes = 0;
  for (const path of paths) {
    const bytes = Buffer.byteLength(path) + 1;
    if (bytes > freeBytes || found.length === 0) {
      found.push([]);
      freeBytes = BYTES_AT_ONCE;
    }
    found.at(-1)?.push(path);
    freeBytes -= bytes;
  }
  return found;
}

/** Known error messages of chown, each with its meaning and how to fix the problem. */
const REASONS: readonly (readonly [RegExp, string, string])[] = [
  [
    /invalid (user|group|spec)|unknown (user|group)|no such (user|group)/i,
    "there is no such user or group",
    "create it there",
  ],
  [
    /not permitted|permission denied/i,
    "the login user is not allowed to change owners",
    "set use_sudo = true in maand.conf",
  ],
];

function refusal(job: string, host: string, pair: string, stderr: string): MaandError {
  const [, reason, remedy] = REASONS.find(([pattern]) => pattern.test(stderr)) ?? [];
  const owner = pair === ":" ? "the default owner" : pair.replace(/^:/, "group ").replace(/:$/, "");
  return new MaandError({
    code: "STAGE_FAILED",
    worker: host,
    message: `files of ${job} cannot be owned by ${owner} on ${host}: ${reason ?? "chown failed"}`,
    hint: `${remedy ?? "check its output"}, or change "files" in ${manifestFile(job)}`,
    output: stderr.trim().split("\n").slice(-3),
  });
}
