import type { Argv, ExecResult, Remote } from "../remote.ts";
import { fenceOf } from "./worker-fence.ts";

/** The exit code of a command that the worker refused. Its error output contains the record of the worker. */
export const FENCED_EXIT = 79;

/** Precedes the record in the error output of a refused command. */
const MARK = "maand-fence:";

/**
 * Takes the stage lock of the bucket's directory while the command runs, compares the fence on the worker, and writes
 * its own. Without the program `flock`, only the fence is compared. `$1` is the directory, `$2` the command's own line,
 * `$3` the expected line, `$4` the record. `$5` is not empty for a command that creates the directory. If the directory
 * does not exist, any other command runs without a check. Two syncs that both create the directory need the check.
 */
const PROGRAM = `
root=$1 own=$2 expected=$3 text=$4 makes=$5
shift 5
if ! [ -d "$root" ]; then
  [ -n "$makes" ] && (umask 022 && mkdir -p -- "$root") 2>/dev/null || exec "$@"
fi
before=$(umask)
umask 077
file=$root/fence
if mkdir -p -- "$root/locks" && command -v flock >/dev/null 2>&1; then
  exec 9>>"$root/locks/stage" && flock 9 || exit
fi
found=
if [ -e "$file" ] || [ -L "$file" ]; then
  if [ -n "$(find "$file" -prune -type f ! -perm -020 ! -perm -002)" ]; then read -r found <"$file"
  else printf '%s\\n' '${MARK}' '!it is not a private file' >&2; exit ${FENCED_EXIT}
  fi
fi
if [ "$found" != "$own" ]; then
  if [ -n "$found" ] && [ "$found" != "$expected" ]; then printf '%s\\n' '${MARK}' >&2; cat -- "$file" >&2; exit ${FENCED_EXIT}; fi
  printf '%s' "$text" >"$file.new" || exit
  sync "$file.new" 2>/dev/null || :
  mv -f -- "$file.new" "$file" || exit
fi
umask "$before"
exec "$@"
`;

/** The options of a fenced command. */
export interface FencedOptions {
  /**
   * Whether it creates the bucket's directory if that is missing, as a sync does. The record is written there before
   * the command begins. Default: false.
   */
  readonly makesRoot?: boolean;
}

/**
 * A command that the worker runs only on behalf of the newest command of the bucket. If the connection has no fence,
 * the command is unchanged.
 */
export function fencedCommand(
  remote: Pick<Remote, "root">,
  argv: Argv,
  { makesRoot = false }: FencedOptions = {},
): Argv {
  const fence = fenceOf(remote);
  if (!fence) return argv;
  const given = [remote.root, fence.line, fence.expected, fence.text, makesRoot ? "yes" : ""];
  return ["sh", "-c", PROGRAM, "sh", ...given, ...argv];
}

/** The record in the output of a refused command; undefined if the command was not refused. */
export function refusedBy({ code, stderr }: RefusedCommand): string | undefined {
  if (code !== FENCED_EXIT) return undefined;
  const at = stderr.indexOf(`${MARK}\n`);
  return at === -1 ? undefined : stderr.slice(at + MARK.length + 1);
}

type RefusedCommand = Pick<ExecResult, "stderr"> & { readonly code: number | null | undefined };

/**
 * Runs a command that changes a worker, as {@link fencedCommand}. If the worker has another record that is accepted,
 * the command runs again and expects this record. Throws what {@link WorkerFence.admit} throws.
 */
export async function probeFenced(
  remote: Pick<Remote, "root">,
  argv: Argv,
  probe: (argv: Argv) => Promise<ExecResult>,
  options: FencedOptions = {},
): Promise<ExecResult> {
  const result = await probe(fencedCommand(remote, argv, options));
  const found = refusedBy(result);
  if (found === undefined) return result;
  fenceOf(remote)?.admit(found);
  const again = await probe(fencedCommand(remote, argv, options));
  const other = refusedBy(again);
  if (other !== undefined) fenceOf(remote)?.admit(other);
  return again;
}
