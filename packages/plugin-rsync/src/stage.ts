import { type ExecResult, type RemoteStream, type StageContext, timeLimit } from "@maand/core";
import {
  asSyncError,
  fenceOf,
  lastLines,
  Output,
  refusedBy,
  syncInterrupted,
  syncTimedOut,
} from "@maand/core/internal";
import { type RsyncOptions, rsyncArguments } from "./arguments.ts";
import { LINES, syncFailure } from "./failure.ts";
import { type LocalRsync, startLocalRsync } from "./local-rsync.ts";
import { connectRsync } from "./rsh.ts";
import { deleteHeldBack, surveyWorker } from "./survey.ts";

/** Milliseconds to wait for the worker's side after the local side failed. */
const REMOTE_EXIT_MS = 1_000;

/** rsync's exit code when no data arrives within `--timeout`. */
const RSYNC_TIMEOUT = 30;

/**
 * Makes `jobs/<name>/` on the worker equal to the merged sources, for the jobs of this wave, and writes the metadata.
 * @throws STAGE_FAILED, WORKER_LACKS, TIMED_OUT, INTERRUPTED, DISCONNECTED, UNREACHABLE
 */
export async function stageWorker(context: StageContext, options: RsyncOptions): Promise<void> {
  const { remote, signal, timeoutMs } = context;
  const { host } = remote;
  const time = timeLimit(timeoutMs);
  await surveyWorker(context);
  const synced = await sync(context, options, AbortSignal.any([signal, time]));
  if (signal.aborted) throw syncInterrupted(host);
  if (synced.exit === 0 && synced.remoteExit === 0) return;
  const found = refusedBy({ code: synced.remoteExit, stderr: synced.printed.stderr });
  if (found !== undefined) fenceOf(remote)?.admit(found);
  if (time.aborted || synced.exit === RSYNC_TIMEOUT)
    throw syncTimedOut(host, timeoutMs, lastLines(synced.printed, LINES));
  if (synced.refused) throw asSyncError(synced.refused, host, timeoutMs);
  const failure = await syncFailure(remote, synced);
  await deleteHeldBack(context);
  throw failure;
}

interface Synced {
  readonly exit: Awaited<LocalRsync["exit"]>;
  readonly remoteExit: number | null | undefined;
  /** The reason why no channel could be opened. */
  readonly refused: unknown;
  readonly printed: ExecResult;
}

/** Runs the local and the remote rsync until the local one ends, or the signal ends both. */
async function sync(context: StageContext, options: RsyncOptions, ending: AbortSignal): Promise<Synced> {
  const { remote, log, deleted } = context;
  const { compress = false, program = "rsync" } = options;
  const output = new Output((line, stream) => {
    const [, path] = (stream === "stdout" && /^deleting (.+)$/.exec(line)) || [];
    if (path === undefined) log(`${remote.host}: ${line}`, { stream: "stderr" });
    else deleted(unescaped(path));
  });
  const local = await startLocalRsync(program, rsyncArguments({ ...context, root: remote.root, compress }), ending);
  local.stdout.on("data", (chunk: Buffer) => output.push("stdout", chunk));
  local.stderr.on("data", (chunk: Buffer) => output.push("stderr", chunk));
  const opened = open(context, local, output, ending);
  const exit = await local.exit;
  const { stream, refused } = await opened;
  const remoteExit = await remoteExitOf(stream, exit, ending);
  stream?.destroy();
  return { exit, remoteExit, refused, printed: output.end(0, 0) };
}

/** Decodes a name, because rsync prints non-printable bytes as `\\#` and three octal digits. */
export function unescaped(printed: string): string {
  const bytes = printed
    .split(/\\#([0-7]{3})/)
    .map((part, at) => (at % 2 === 1 ? Buffer.of(Number.parseInt(part, 8) & 0xff) : Buffer.from(part)));
  return Buffer.concat(bytes).toString();
}

interface Opened {
  readonly stream?: RemoteStream | undefined;
  readonly refused?: unknown;
}

async function open(context: StageContext, local: LocalRsync, output: Output, ending: AbortSignal): Promise<Opened> {
  try {
    const stream = await connectRsync(context.remote, local, ending);
    stream?.stderr.on("data", (chunk: Buffer) => output.push("stderr", chunk));
    return { stream };
  } catch (refused) {
    local.end();
    return { refused };
  }
}

/**
 * The worker's exit code. A write error on the worker is an error of the receiver. rsync would get it from the exit
 * code of its `--rsh` program, but that program has already ended by then, so the code must be read here.
 */
async function remoteExitOf(
  stream: RemoteStream | undefined,
  exit: Synced["exit"],
  ending: AbortSignal,
): Promise<number | null | undefined> {
  if (!stream || ending.aborted) return undefined;
  const signal = exit === 0 ? ending : AbortSignal.any([ending, timeLimit(REMOTE_EXIT_MS)]);
  return Promise.race([stream.exit, aborted(signal)]);
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));
}
