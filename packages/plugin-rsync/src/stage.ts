import { Output, type RemoteStream, type StageContext } from "@maand/core";
import { rsyncArguments } from "./arguments.ts";
import { connectTo } from "./conversation.ts";
import { failureOf, syncInterrupted, syncTimedOut } from "./failure.ts";
import { startLocalRsync } from "./local-rsync.ts";
import type { RsyncOptions } from "./plugin.ts";

/** Milliseconds the worker's side has to say how it ended, once ours has failed. */
const AFTERWORD_MS = 1_000;

/** What an I/O timeout is to rsync. */
const RSYNC_TIMEOUT = 30;

/**
 * Makes `jobs/<name>/` on the worker equal to the merged sources, for the jobs of this wave, and brings metadata along.
 * @throws STAGE_FAILED, WORKER_LACKS, TIMED_OUT, INTERRUPTED, DISCONNECTED, UNREACHABLE
 */
export async function stageWorker(context: StageContext, options: RsyncOptions): Promise<void> {
  const { remote, signal, timeoutMs, log } = context;
  const { compress = false, program = "rsync" } = options;
  const host = remote.host;
  const output = new Output((line) => log(`${host}: ${line}`, { stream: "stderr" }));
  const began = performance.now();
  const time = AbortSignal.timeout(timeoutMs);
  const ending = AbortSignal.any([signal, time]);
  const local = await startLocalRsync(program, rsyncArguments({ ...context, root: remote.root, compress }), ending);
  local.stdout.on("data", (chunk: Buffer) => output.push("stdout", chunk));
  local.stderr.on("data", (chunk: Buffer) => output.push("stderr", chunk));
  const opened = connectTo(remote, local, ending).then(
    (stream) => {
      stream?.stderr.on("data", (chunk: Buffer) => output.push("stderr", chunk));
      return { stream };
    },
    (error: unknown) => {
      local.end();
      return { error };
    },
  );
  const exit = await local.exit;
  const met = await opened;
  const stream = "stream" in met ? met.stream : undefined;
  const remoteExit = await afterword(stream, exit, ending);
  stream?.destroy();
  const printed = output.end(0, performance.now() - began);
  if (signal.aborted) throw syncInterrupted(host);
  if (exit === 0 && remoteExit === 0) return;
  if (time.aborted || exit === RSYNC_TIMEOUT) throw syncTimedOut(host, timeoutMs, printed);
  if ("error" in met) throw met.error;
  throw failureOf({ host, exit, remoteExit, printed });
}

/**
 * The worker's exit code. It has to be asked for: what could not be written there is an error of the receiver, which
 * rsync learns from its `--rsh` program's exit code, and ours has long ended by then.
 */
async function afterword(
  stream: RemoteStream | undefined,
  exit: number | null | "missing",
  ending: AbortSignal,
): Promise<number | null | undefined> {
  if (!stream || ending.aborted) return undefined;
  const signal = exit === 0 ? ending : AbortSignal.any([ending, AbortSignal.timeout(AFTERWORD_MS)]);
  return Promise.race([stream.exit, aborted(signal)]);
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));
}
