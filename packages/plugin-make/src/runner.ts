import { readFileSync } from "node:fs";
import type { Argv, Remote } from "@maand/core";

/** Exit codes of the runner that mean something of their own; any other is make's. */
export const RUNNER_EXIT = { unknown: 3, timedOut: 124, ended: 130 } as const;

/** Milliseconds the runner needs to end what it started: SIGTERM, five seconds, SIGKILL. */
export const ENDING_MS = 8_000;

let files: Readonly<Record<string, string>> | undefined;

/** The runners as every worker is to have them under `bin/`; read on first use, so that loading the plugin is free. */
export function workerFiles(): Readonly<Record<string, string>> {
  files ??= { "runner.py": source("runner.py"), "runner.mjs": source("runner.mjs") };
  return files;
}

/** From `src/` and from `dist/` it is the same way to the sources that are delivered. */
function source(name: string): string {
  return readFileSync(new URL(`../worker/${name}`, import.meta.url), "utf8");
}

/** What a runner is asked to do. */
export interface RunnerCall {
  readonly bucketId: string;
  readonly target: string;
  readonly job: string;
  readonly program: string;
  readonly timeoutMs: number;
}

type Place = Pick<Remote, "root" | "transport">;

/** The command that runs one target of one job. */
export function runnerCommand(remote: Place, call: RunnerCall): Argv {
  const limit = ["--timeout", String(call.timeoutMs / 1000)];
  return [...runner(remote), call.bucketId, call.target, "--jobs", call.job, ...limit, ...programOf(call)];
}

/** How a runner is started, and what it is to be sent before anything else. */
export interface Serving {
  readonly command: Argv;
  readonly program?: Buffer;
}

/**
 * Starts a runner to be asked for things as they come. On a worker it is this program's own, sent through the channel,
 * so that it is there before anything was delivered, and never an older one.
 */
export function serveCommand({ root, transport }: Place, call: Pick<RunnerCall, "bucketId" | "program">): Serving {
  const words = [call.bucketId, "--serve", "--protocol", "1", ...programOf(call)];
  if (transport === "local") return { command: [...runner({ root, transport }), ...words] };
  const program = servedProgram();
  const place = [`${root}/bin/runner.py`, String(program.length)];
  return { command: ["python3", "-I", "-S", "-c", READ_PROGRAM, ...place, ...words], program };
}

/** Runs as if it were the file it names what comes first on its input. */
const READ_PROGRAM = [
  "import os,sys",
  "file,left=sys.argv[1],int(sys.argv[2])",
  "del sys.argv[1:3]",
  "text=b''",
  "while left>len(text):",
  " part=os.read(0,left-len(text))",
  " text+=part or sys.exit(0)",
  "exec(compile(text,'runner','exec'),{'__name__':'__main__','__file__':file})",
].join("\n");

let served: Buffer | undefined;

/** The runner with what it needs to bring files, whose definitions have to stand before the runner begins. */
function servedProgram(): Buffer {
  served ??= Buffer.from(
    source("runner.py").replace(/^if __name__ ==/m, () => `${source("files.py")}\n\nif __name__ ==`),
  );
  return served;
}

/** Python on a worker, Node for a worker that is a directory of this machine. */
function runner({ root, transport }: Place): readonly string[] {
  return transport === "local"
    ? [process.execPath, `${root}/bin/runner.mjs`]
    : ["python3", "-I", "-S", `${root}/bin/runner.py`];
}

function programOf({ program }: Pick<RunnerCall, "program">): readonly string[] {
  return program === "make" ? [] : ["--program", program];
}
