import type { Readable } from "node:stream";
import type { Remote, RemoteStream } from "@maand/core";
import { readWanted, type Wanted } from "./carrier.ts";
import type { LocalRsync } from "./local-rsync.ts";

/**
 * Opens the channel the local rsync asks for and lets the two talk. Answers undefined when the local one ended without
 * asking. The worker's bucket directory is made by the same command, so that no channel is spent on it.
 * @throws what `remote.stream` throws
 */
export async function connectTo(
  remote: Remote,
  local: LocalRsync,
  signal: AbortSignal,
): Promise<RemoteStream | undefined> {
  const wanted = await firstWords(local.outgoing);
  if (!wanted) return undefined;
  const stream = await remote.stream(under(remote.root, wanted.argv), { asRoot: true, signal });
  stream.io.on("error", () => {});
  stream.io.write(wanted.rest);
  local.outgoing.pipe(stream.io);
  stream.io.pipe(local.incoming);
  return stream;
}

function under(root: string, argv: readonly string[]): string[] {
  return ["sh", "-c", 'mkdir -p -- "$1" && shift && exec "$@"', "sh", root, ...argv];
}

function firstWords(outgoing: Readable): Promise<Wanted | undefined> {
  return new Promise((resolve) => {
    let said = Buffer.alloc(0);
    const settle = (wanted: Wanted | undefined) => {
      outgoing.removeListener("data", hear).removeListener("close", give).removeListener("end", give);
      outgoing.pause();
      resolve(wanted);
    };
    const give = () => settle(undefined);
    const hear = (chunk: Buffer) => {
      said = Buffer.concat([said, chunk]);
      const wanted = readWanted(said);
      if (wanted) settle(wanted);
    };
    outgoing.on("data", hear).once("close", give).once("end", give);
  });
}
