/**
 * The program rsync starts in place of ssh: says on descriptor 4 which command rsync wants on the worker (a count, then
 * each word ended by a NUL), then carries bytes: rsync to 4 behind, 3 to rsync in front. In front, because rsync waits
 * for this program to end and it has to end when the worker's side does. Its input is duplicated first, because `sh`
 * gives a command in the background /dev/null for input.
 */
const PROGRAM = [
  "shift",
  'echo "$#" >&4',
  'printf "%s\\0" "$@" >&4',
  "exec 5<&0",
  "cat <&5 >&4 3<&- &",
  "exec 0</dev/null 4>&- 5<&-",
  "cat <&3",
  "kill $! 2>/dev/null",
  "exit 0",
]
  .join("; ")
  .replaceAll("&;", "&");

/** The value of `--rsh`; rsync takes it apart at blanks and knows single quotes. */
export const RSH = `sh -c '${PROGRAM}' maand`;

/** The command rsync wants, and the bytes of the conversation that came with it. */
export interface Wanted {
  readonly argv: readonly string[];
  readonly rest: Buffer;
}

/** Reads what the program said first; undefined while it has not said all of it. */
export function readWanted(said: Buffer): Wanted | undefined {
  const lineEnd = said.indexOf("\n");
  if (lineEnd === -1) return undefined;
  const count = Number(said.toString("latin1", 0, lineEnd));
  const argv: string[] = [];
  let from = lineEnd + 1;
  while (argv.length < count) {
    const end = said.indexOf(0, from);
    if (end === -1) return undefined;
    argv.push(said.toString("utf8", from, end));
    from = end + 1;
  }
  return { argv, rest: said.subarray(from) };
}
