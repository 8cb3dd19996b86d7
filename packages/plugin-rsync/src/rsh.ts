import type { Readable } from "node:stream";
import type { Remote, RemoteStream } from "@maand/core";
import { fencedCommand } from "@maand/core/internal";
import type { LocalRsync } from "./local-rsync.ts";

/**
 * The program that rsync starts instead of ssh. It writes the command that rsync would run on the worker through ssh to
 * descriptor 4 (a count, then each word with a NUL at the end), and then forwards bytes: from rsync to 4 in the
 * background, from 3 to rsync in the foreground, because rsync waits for this program, which must end when the worker's
 * side ends. Its input is duplicated first, because `sh` sets the input of background commands to /dev/null.
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

/** The value of `--rsh`. rsync splits it at blanks and supports single quotes. */
export const RSH = `sh -c '${PROGRAM}' maand`;

/** The command that rsync runs on the worker, and its first input bytes. */
export interface RemoteCommand {
  readonly argv: readonly string[];
  readonly rest: Buffer;
}

/** Parses the command at the start of the program's output; undefined until it is complete. */
export function parseCommand(output: Buffer): RemoteCommand | undefined {
  const lineEnd = output.indexOf("\n");
  if (lineEnd === -1) return undefined;
  const count = Number(output.toString("latin1", 0, lineEnd));
  const argv: string[] = [];
  let from = lineEnd + 1;
  while (argv.length < count) {
    const end = output.indexOf(0, from);
    if (end === -1) return undefined;
    argv.push(output.toString("utf8", from, end));
    from = end + 1;
  }
  return { argv, rest: output.subarray(from) };
}

/**
 * Starts the command that a local rsync requests on a worker, and connects the two. Undefined if the local rsync ended
 * before it requested a command.
 * @throws errors of `remote.stream`
 */
export async function connectRsync(
  remote: Pick<Remote, "stream" | "root">,
  local: LocalRsync,
  signal: AbortSignal,
): Promise<RemoteStream | undefined> {
  const command = await readCommand(local.outgoing);
  if (!command) return undefined;
  const argv = fencedCommand(remote, command.argv, { makesRoot: true });
  const stream = await remote.stream(argv, { title: "rsync", asRoot: true, signal });
  stream.io.on("error", () => {});
  stream.io.write(command.rest);
  local.outgoing.pipe(stream.io);
  stream.io.pipe(local.incoming);
  return stream;
}

function readCommand(outgoing: Readable): Promise<RemoteCommand | undefined> {
  return new Promise((resolve) => {
    let output = Buffer.alloc(0);
    const settle = (command: RemoteCommand | undefined) => {
      outgoing.removeListener("data", onData).removeListener("close", onEnd).removeListener("end", onEnd);
      outgoing.pause();
      resolve(command);
    };
    const onEnd = () => settle(undefined);
    const onData = (chunk: Buffer) => {
      output = Buffer.concat([output, chunk]);
      const command = parseCommand(output);
      if (command) settle(command);
    };
    outgoing.on("data", onData).once("close", onEnd).once("end", onEnd);
  });
}
