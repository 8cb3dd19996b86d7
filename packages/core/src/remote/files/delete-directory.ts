import { MaandError } from "../../errors.ts";
import { probeFenced } from "../fence/fenced-command.ts";
import { lastLines } from "../output.ts";
import type { Argv, ExecOptions, Remote } from "../remote.ts";

/** A directory from which the files of a job or of the bucket are deleted. */
export interface DirectoryToDelete extends Pick<ExecOptions, "timeoutMs" | "signal"> {
  readonly remote: Pick<Remote, "host" | "root" | "probe">;
  /** Absolute path on the worker. */
  readonly directory: string;
  /** Names directly inside it that are kept; default: none. */
  readonly spare?: readonly string[];
  /** The names that may be deleted; default: all. */
  readonly only?: readonly string[];
}

/**
 * `$1` is the directory, `$2` the names to keep and `$3` the names that may be deleted, each between slashes. A link at
 * the directory's own path is followed and kept; links in it are deleted and never followed. `lost+found` belongs to
 * the file system. If a check refuses the deletion, the program prints the reasons and deletes nothing. Only
 * `manifest.json` shows that a directory behind a link belongs to a job, so the manifest is deleted last.
 */
const PROGRAM = `
report() { printf '%s\\n' "$*"; }
spare=$2/lost+found/ only=$3
at=$1
while [ ! -e "$at" ] && [ -n "$at" ]; do
  [ ! -L "$at" ] || { report "broken $at"; exit 0; }
  at=\${at%/*}
done
[ -e "$1" ] || exit 0
[ -d "$1" ] || { report file; exit 0; }
cd -P -- "$1" || exit
here=$(pwd -P)
goes() {
  case $spare in */"$1"/*) return 1 ;; esac
  case $only in '' | */"$1"/*) return 0 ;; esac
  return 1
}
each() {
  for at in * .[!.]* ..?*; do
    if [ -e "$at" ] || [ -L "$at" ]; then "$@" "$at"; fi
  done
}
foreign() { case $1 in data | logs | bin | lost+found) ;; *) report "foreign $1" ;; esac; }
[ "$here" = "$1" ] || [ -n "$only" ] || [ -e manifest.json ] || [ -z "$(each foreign)" ] || { each foreign; exit 0; }
point=$here
case $here in
*[!A-Za-z0-9/._:@+,-]*) point=$(printf %s "$here" | sed 's/\\\\/\\\\134/g; s/ /\\\\040/g; s/\t/\\\\011/g') ;;
esac
mounts() {
  while read -r _ _ _ _ at _; do
    case $at in "$point"/*) ;; *) continue ;; esac
    below=\${at#"$point"/}
    ! goes "\${below%%/*}" || report "mount $at"
  done </proc/self/mountinfo
}
mounted=
[ ! -r /proc/self/mountinfo ] || mounted=$(mounts)
[ -z "$mounted" ] || { report "$mounted"; exit 0; }
delete() { [ "$1" = manifest.json ] || ! goes "$1" || rm -rf -- "./$1" || exit; }
each delete
! goes manifest.json || rm -rf -- ./manifest.json || exit
left() { case $spare in */"$1"/*) ;; *) report "left $1" ;; esac; }
each left
[ -L "$1" ] || { cd / && rmdir -- "$1" 2>/dev/null; }
exit 0
`;

/** Decodes the path of a mount point as the kernel writes it: spaces, tabs, newlines and backslashes are in octal. */
export function mountPoint(written: string): string {
  return written.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/**
 * Deletes the contents of a directory on a worker, and the directory itself if nothing is left in it. A missing
 * directory is not an error. A link in place of the directory is followed and kept; links in it are deleted and not
 * followed. Nothing is deleted if a file system is mounted inside something to delete, if the path is a broken link or
 * not a directory, or if a link leads to a directory that maand did not create. Returns the names that are left in the
 * directory, except those in `spare`.
 * @throws STAGE_FAILED if the deletion is refused; COMMAND_FAILED; errors of `remote.probe`
 */
export async function deleteDirectory(options: DirectoryToDelete): Promise<string[]> {
  const { remote, directory, spare = [], only, ...limits } = options;
  const words = [directory, `/${spare.join("/")}`, only === undefined ? "" : `/${only.join("/")}/`];
  const stdout = await run(remote, directory, ["sh", "-c", PROGRAM, "sh", ...words], limits);
  const lines = stdout.split("\n").filter((line) => line !== "");
  const left = lines.flatMap((line) => /^left (.+)$/.exec(line)?.slice(1) ?? []);
  const [refused] = lines;
  if (refused !== undefined && left.length < lines.length) throw refusal(remote.host, directory, refused);
  return left;
}

async function run(
  remote: DirectoryToDelete["remote"],
  directory: string,
  argv: Argv,
  limits: Pick<ExecOptions, "timeoutMs" | "signal">,
): Promise<string> {
  const { host } = remote;
  const result = await probeFenced(remote, argv, (fenced) =>
    remote.probe(fenced, { title: `deleting ${directory}`, asRoot: true, ...limits }),
  );
  if (result.code === 0) return result.stdout;
  const output = lastLines(result, 12);
  throw new MaandError({
    code: "COMMAND_FAILED",
    message: `${directory} on ${host} cannot be deleted: ${output.at(-1) ?? `exit code ${result.code}`}`,
    worker: host,
    exit: result.code,
    output,
  });
}

/** Directories of a job's own files, which are kept when the job is removed; `gc` deletes them. */
const WRITTEN_BY_JOBS = ["data", "logs"];

/**
 * Deletes the files of a job that is removed from its worker, except `data/` and `logs/`.
 * @throws STAGE_FAILED for a directory that is not a job's; errors of {@link deleteDirectory}
 */
export async function deleteJobFiles(
  options: Pick<DirectoryToDelete, "directory" | "timeoutMs" | "signal"> & {
    readonly remote: Pick<Remote, "host" | "root" | "probe">;
  },
): Promise<void> {
  const { remote, directory } = options;
  const jobs = `${remote.root}/jobs/`;
  if (!directory.startsWith(jobs) || !/^[^/.][^/]*$/.test(directory.slice(jobs.length))) {
    const message = `nothing was deleted in ${directory} on ${remote.host}: it is not the directory of a job`;
    throw new MaandError({ code: "STAGE_FAILED", worker: remote.host, message });
  }
  await deleteDirectory({ ...options, spare: WRITTEN_BY_JOBS });
}

function refusal(host: string, directory: string, refused: string): MaandError {
  const [, kind = "", value = ""] = /^(\w+) ?(.*)$/.exec(refused) ?? [];
  const reasons: Readonly<Record<string, readonly [string, string]>> = {
    broken: [`${value} is a link that does not lead to a directory`, "mount or create its target, or remove the link"],
    file: ["it is not a directory", "check what it is, and remove it"],
    foreign: [
      `a link leads there, and it contains ${value} but no manifest.json, so maand did not create it`,
      "point the link to the job's directory, or remove it",
    ],
    mount: [`a file system is mounted at ${mountPoint(value)}`, "unmount it there, and run the command again"],
  };
  const [why, hint] = reasons[kind] ?? [refused, "check it on the worker"];
  const message = `nothing was deleted in ${directory} on ${host}: ${why}`;
  return new MaandError({ code: "STAGE_FAILED", worker: host, message, hint });
}
