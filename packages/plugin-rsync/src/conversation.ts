import type { Readable } from "node:stream";
import type { RemoteStream, StageContext } from "@maand/core";
import { readWanted, type Wanted } from "./carrier.ts";
import type { LocalRsync } from "./local-rsync.ts";
import { onWorker } from "./on-worker.ts";

/**
 * Opens the channel the local rsync asks for and lets the two talk. Answers undefined when the local one ended without
 * asking.
 * @throws what `remote.stream` throws
 */
export async function connectTo(
  { remote, keep }: Pick<StageContext, "remote" | "keep">,
  local: LocalRsync,
  signal: AbortSignal,
): Promise<RemoteStream | undefined> {
  const wanted = await firstWords(local.outgoing);
  if (!wanted) return undefined;
  const command = onWorker(remote.root, wanted.argv, keep);
  const stream = await remote.stream(command, { title: "rsync", asRoot: true, signal });
  stream.io.on("error", () => {});
  stream.io.write(wanted.rest);
  local.outgoing.pipe(stream.io);
  stream.io.pipe(local.incoming);
  return stream;
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
