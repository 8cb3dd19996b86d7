import type { Readable } from "node:stream";
import type { Remote, RemoteStream } from "@maand/core";
import type { LocalRsync } from "./local-rsync.ts";

/**
 * The program rsync starts in place of ssh. It writes to descriptor 4 which command rsync wants on the worker (a count,
 * then each word ended by a NUL), and carries bytes from then on: from rsync to 4 in the background, from 3 to rsync in
 * the foreground, because rsync waits for this program to end and it has to end when the worker's side does. Its input is
 * duplicated first, because `sh` gives a command in the background /dev/null for input.
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

/** The value of `--rsh`; rsync splits it at blanks and knows single quotes. */
export const RSH = `sh -c '${PROGRAM}' maand`;

/** The command rsync wants on the worker, and the first bytes for it. */
export interface RemoteCommand {
  readonly argv: readonly string[];
  readonly rest: Buffer;
}

/** Reads the command at the beginning of what the program wrote; undefined until all of it is there. */
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
 * Starts on a worker the command that a local rsync wants there, and connects the two. Undefined when the local one ended
 * before it wanted any.
 * @throws what `remote.stream` throws
 */
export async function connectRsync(
  remote: Pick<Remote, "stream">,
  local: LocalRsync,
  signal: AbortSignal,
): Promise<RemoteStream | undefined> {
  const command = await readCommand(local.outgoing);
  if (!command) return undefined;
  const stream = await remote.stream(command.argv, { title: "rsync", asRoot: true, signal });
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
