import { existsSync, readFileSync } from "node:fs";
import type { Argv, Remote } from "@maand/core";

/** Exit codes that mean something to the runner itself; any other is make's. */
export const RUNNER_EXIT = {
  notHere: 3,
  nothingToRun: 4,
  timedOut: 124,
  noProgram: 127,
  ended: 130,
} as const;

/** Milliseconds the runner needs to end what it started: two seconds of grace, SIGTERM, five seconds, SIGKILL. */
export const ENDING_MS = 10_000;

/** Names the step that a runner of its own carries out, and those that it replaces. */
export const STEP_VARIABLE = "MAAND_RUNNER_STEP";

/** The parts of the program, in the order in which they are joined. The last one begins it. */
const PARTS = "base output process receipts lock jobs makefile target loop requests command_line".split(" ");
/** The parts that only a runner needs through which files come. */
const STAGE_PARTS = ["paths", "delivery", "inventory"];

let files: Readonly<Record<string, string>> | undefined;

/** The runner as every worker gets it under `bin/`; read on first use, so that loading the plugin is free. */
export function workerFiles(): Readonly<Record<string, string>> {
  files ??= { "runner.py": joined(PARTS) };
  return files;
}

function joined(parts: readonly string[]): string {
  return parts.map(source).join("\n\n");
}

/** From this file in `src/` and from the bundle in `dist/` it is the same way to the parts. */
function source(part: string): string {
  return readFileSync(new URL(`../worker/runner/${part}.py`, import.meta.url), "utf8");
}

/** What a runner is to run. */
export interface RunnerCall {
  readonly bucketId: string;
  readonly target: string;
  readonly job: string;
  readonly program: string;
  readonly timeoutMs: number;
}

type Place = Pick<Remote, "root" | "transport">;

/** The command that runs one target of one job with the runner that was delivered. */
export function runnerCommand(remote: Place, call: RunnerCall): Argv {
  const limit = ["--timeout", String(call.timeoutMs / 1000)];
  const words = [call.bucketId, call.target, "--jobs", call.job, ...limit, ...programOf(call)];
  return [...python(remote), `${remote.root}/bin/runner.py`, ...words];
}

/** How a serving runner is started, and what is sent to it before anything else. */
export interface Serving {
  readonly command: Argv;
  readonly program: Buffer;
}

/**
 * Starts a runner that takes requests. It is this program's own, sent through the channel: so it is there before anything
 * was delivered, and never an older one.
 */
export function serveCommand(remote: Place, call: Pick<RunnerCall, "bucketId" | "program">): Serving {
  const program = servingProgram();
  const place = [`${remote.root}/bin/runner.py`, String(program.length)];
  const words = [call.bucketId, "--serve", "--protocol", "1", ...programOf(call)];
  return { command: [...python(remote), "-c", READ_PROGRAM, ...place, ...words], program };
}

/** Runs what comes first on its input as if it were the file it names. */
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

let serving: Buffer | undefined;

/** Parts for files go along as a text, which is compiled when files come: JSON's string is Python's, too. */
function servingProgram(): Buffer {
  serving ??= Buffer.from(`STAGE_PARTS = ${JSON.stringify(joined(STAGE_PARTS))}\n\n\n${joined(PARTS)}`);
  return serving;
}

/** The system's own Python on this machine: what PATH finds first may be a version manager's, which takes long to start. */
const SYSTEM_PYTHON = "/usr/bin/python3";

function python({ transport }: Place): readonly string[] {
  const here = transport === "local" && existsSync(SYSTEM_PYTHON);
  return [here ? SYSTEM_PYTHON : "python3", "-I", "-S"];
}

function programOf({ program }: Pick<RunnerCall, "program">): readonly string[] {
  return program === "make" ? [] : ["--program", program];
}
