import type { Argv } from "@maand/core";

/** The directory in which rsync keeps what has not been put in place yet (`--delay-updates`). */
const HELD_BACK = ".~tmp~";

/**
 * Makes the bucket's directory and runs rsync in it. What a sync holds back would stay there when it fails, halves of
 * files too, and on a full disk nothing else would fit: so it goes at once, or before the next sync if the worker itself
 * died. `$1` is the directory, then come the words of `find` that pass over what belongs to the jobs, an `--`, and rsync.
 */
const PROGRAM = [
  'root=$1; shift; mkdir -p -- "$root" || exit',
  'own=; while [ "$1" != -- ]; do own="$own -path $1 -prune -o"; shift; done; shift',
  `sweep() { set -f; find "$root" $own -type d -name ${HELD_BACK} -prune -exec rm -rf -- {} + 2>/dev/null; }`,
  'sweep; "$@"; code=$?; [ "$code" -eq 0 ] || sweep; exit "$code"',
].join("\n");

/** The command that runs rsync's half on a worker; `keep` are names in a job's directory that are never looked into. */
export function onWorker(root: string, rsync: Argv, keep: readonly string[]): Argv {
  return ["sh", "-c", PROGRAM, "sh", root, ...keep.map((name) => `*/jobs/*/${name}`), "--", ...rsync];
}
