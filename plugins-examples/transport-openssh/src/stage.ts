import { spawn } from "node:child_process";
import { type ErrorCode, MaandError, type StageContext, timeLimit } from "@maand/core";
import { INSTALL, RECEIVE } from "./install.ts";

/**
 * Makes the directories of a wave's jobs on a worker equal to their trees. Changes nothing on the worker until all
 * files have arrived and both sides have succeeded. Throws STAGE_FAILED with the output of tar.
 */
export async function stageByTar(context: StageContext): Promise<void> {
  const { remote, jobs, keep, signal, timeoutMs } = context;
  const time = timeLimit(timeoutMs);
  const { packed, received, output } = await send(context, AbortSignal.any([signal, time]));
  const failed = (code: ErrorCode, how: string) =>
    new MaandError({ code, worker: remote.host, message: `sync of files to ${remote.host} ${how}`, output });
  if (signal.aborted) throw failed("INTERRUPTED", "was interrupted");
  if (time.aborted) throw failed("TIMED_OUT", `timed out after ${timeoutMs / 1000} s`);
  if (packed === 0 && received === null) throw failed("DISCONNECTED", "was disconnected");
  if (packed !== 0 || received !== 0) throw failed("STAGE_FAILED", `failed: ${output.at(-1) || "tar failed"}`);
  const argv = ["sh", "-c", INSTALL, "sh", remote.root, ...keep, "--", ...jobs];
  await remote.exec(argv, { title: "installing files", asRoot: true, signal, timeoutMs });
}

interface Sent {
  /** Exit codes of tar on this machine and on the worker; null: disconnected. */
  readonly packed: number | null;
  readonly received: number | null;
  /** The last lines of output from both sides. */
  readonly output: readonly string[];
}

async function send({ remote, sources, jobs, keep }: StageContext, signal: AbortSignal): Promise<Sent> {
  const there = await remote.stream(["sh", "-c", RECEIVE, "sh", remote.root], {
    title: "receiving files",
    asRoot: true,
    signal,
  });
  const here = spawn("tar", tarWords(sources, jobs, keep), { stdio: ["ignore", "pipe", "pipe"], signal });
  const printed: Buffer[] = [];
  for (const errors of [here.stderr, there.stderr]) errors.on("data", (chunk: Buffer) => printed.push(chunk));
  const packed = new Promise<number | null>((resolve) => {
    here.once("exit", resolve).once("error", ({ message }) => {
      printed.push(Buffer.from(message));
      resolve(null);
    });
  });
  there.io.on("error", () => {}).resume(); // its exit code is more specific
  here.stdout.pipe(there.io);
  const received = await there.exit;
  if (received !== 0) here.kill(); // otherwise it would wait forever for a reader
  return { packed: await packed, received, output: Buffer.concat(printed).toString().trim().split("\n").slice(-12) };
}

/** One archive of all sources in reverse order: later entries replace earlier ones. */
function tarWords(sources: readonly string[], jobs: readonly string[], keep: readonly string[]): string[] {
  const kept = jobs.flatMap((job) => keep.map((name) => `--exclude=./jobs/${job}/${name}`));
  const anonymous = ["--owner=0", "--group=0", "--numeric-owner", "--hard-dereference"];
  const places = [...sources].reverse().flatMap((source) => ["-C", source, "."]);
  return ["-c", "-f", "-", ...anonymous, "--anchored", "--no-wildcards", ...kept, ...places];
}
