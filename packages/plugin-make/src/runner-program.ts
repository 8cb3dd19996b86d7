import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { Argv, Remote } from "@maand/core";
import { QUICK_SCRIPT, type QuickCheck } from "./inspect/quick-check.ts";

/** Exit codes of the runner itself; any other exit code comes from make. */
export const RUNNER_EXIT = {
  notHere: 3,
  nothingToRun: 4,
  noLock: 5,
  fenced: 6,
  timedOut: 124,
  noProgram: 127,
  ended: 130,
} as const;

/**
 * How long the runner needs to stop what it started, in milliseconds: two seconds of grace, SIGTERM, five seconds,
 * SIGKILL.
 */
export const ENDING_MS = 10_000;

/** The variable with the step that a separate runner carries out, and the steps that it replaces. */
export const STEP_VARIABLE = "MAAND_RUNNER_STEP";

/** The parts of the program, in the order in which they are joined. The last one starts it. */
const PARTS = "base output process orphans receipts fence lock jobs makefile target loop requests command_line".split(
  " ",
);
/** The parts needed only by a runner that receives files. */
const STAGE_PARTS = ["places", "paths", "delivery", "inventory"];
/** The parts of the program that inspects files and ends. The last one starts it. */
const INSPECT_PARTS = ["base", "places", "inspect"];

let files: Readonly<Record<string, string>> | undefined;

/** The runner for `bin/` on every worker; read on first use, so that loading the plugin costs nothing. */
export function workerFiles(): Readonly<Record<string, string>> {
  files ??= { "runner.py": joined(PARTS) };
  return files;
}

function joined(parts: readonly string[]): string {
  return parts.map(source).join("\n\n");
}

/** The relative path to the parts is the same from this file in `src/` and from the bundle in `dist/`. */
function source(part: string): string {
  return readFileSync(new URL(`../worker/runner/${part}.py`, import.meta.url), "utf8");
}

/** What a runner should run. */
export interface RunnerCall {
  readonly bucketId: string;
  readonly target: string;
  readonly job: string;
  readonly program: string;
  readonly timeoutMs: number;
}

type Place = Pick<Remote, "root" | "transport">;

/** The command that runs one target of one job with the delivered runner. */
export function runnerCommand(remote: Place, call: RunnerCall): Argv {
  const limit = ["--timeout", String(call.timeoutMs / 1000)];
  const words = [call.bucketId, call.target, "--jobs", call.job, ...limit, ...programOf(call)];
  return [...python(remote), `${remote.root}/bin/runner.py`, ...words];
}

/** The command that starts a serving runner, and the input that is sent to it first. */
export interface Serving {
  readonly command: Argv;
  readonly program: Buffer;
}

/**
 * The command that starts a runner which accepts requests. The runner requests its program through the channel, unless
 * the worker has kept exactly this version. It is therefore available before anything was delivered, and never
 * outdated.
 */
export function serveCommand(remote: Place, call: Pick<RunnerCall, "bucketId" | "program">): Serving {
  const program = servingProgram();
  hash ??= createHash("sha256").update(program).digest("hex");
  const place = [`${remote.root}/bin/runner.py`, String(program.length), hash];
  const words = [call.bucketId, "--serve", "--protocol", "1", ...programOf(call)];
  return { command: [...python(remote), "-c", LOAD_PROGRAM, ...place, ...words], program };
}

let hash: string | undefined;

/**
 * The command that inspects the files of jobs, and its input. It is a separate small program, because loading a
 * complete runner takes longer than inspecting a typical worker.
 */
export function inspectCommand(remote: Place, request: object): Serving {
  const program = inspectProgram(request);
  const file = `${remote.root}/bin/runner.py`;
  return { command: [...python(remote), "-c", READ_PROGRAM, file, String(program.length)], program };
}

/** The command that shows whether a worker is as expected. */
export function quickInspectCommand({ root }: Pick<Remote, "root">, quick: QuickCheck): Argv {
  return ["sh", "-c", QUICK_SCRIPT, "sh", root, ...quick.words, ...quick.paths];
}

function inspectProgram(request: object): Buffer {
  inspecting ??= `CACHE_PART = ${JSON.stringify(source("digest_cache"))}\n\n\n${joined(INSPECT_PARTS)}`;
  return Buffer.from(`REQUEST = ${JSON.stringify(JSON.stringify(request))}\n\n\n${inspecting}`);
}

let inspecting: string | undefined;

/** Runs the first part of its input as if it were the named file. */
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

/**
 * Like `READ_PROGRAM`, but with a compiled program that an earlier run kept in the bucket's directory. Compiling takes
 * as long as starting Python, and on a slow network the 60 KB of the program take several round trips. The compiled
 * program is used only if it is a complete, private file of this user with the hash of the program and the version of
 * this Python. A command that changes the worker keeps it. A failure to keep it does not matter.
 */
const LOAD_PROGRAM = [
  "import os,sys,marshal",
  "from binascii import crc32",
  "from _frozen_importlib_external import MAGIC_NUMBER",
  "file,left,name=sys.argv[1],int(sys.argv[2]),sys.argv[3]",
  "del sys.argv[1:4]",
  "kept=os.path.dirname(os.path.dirname(file))+'/program'",
  "head=name.encode()+MAGIC_NUMBER",
  "seal=lambda data:head+crc32(data).to_bytes(4,'big')+data",
  "code=None",
  "try:",
  " part=os.open(kept,os.O_RDONLY|os.O_NOFOLLOW|os.O_NONBLOCK)",
  " about=os.fstat(part)",
  " if about.st_uid==os.geteuid() and about.st_mode&0o170077==0o100000 and about.st_size<1<<22:",
  "  text=os.read(part,about.st_size)",
  "  data=text[len(head)+4:]",
  "  if text==seal(data):",
  "   code=marshal.loads(data)",
  " os.close(part)",
  "except Exception:",
  " pass",
  "whole=code is not None",
  "if not whole:",
  " os.write(1,b'maand-runner wants its program\\n')",
  " text=b''",
  " while left>len(text):",
  "  part=os.read(0,left-len(text))",
  "  text+=part or sys.exit(0)",
  " code=compile(text,'runner','exec')",
  "def keep():",
  " draft=kept+'.'+str(os.getpid())",
  " try:",
  "  part=os.open(draft,os.O_WRONLY|os.O_CREAT|os.O_EXCL|os.O_NOFOLLOW,0o600)",
  "  os.write(part,seal(marshal.dumps(code)))",
  "  os.close(part)",
  "  os.rename(draft,kept)",
  " except OSError:",
  "  pass",
  "exec(code,{'__name__':'__main__','__file__':file,'keep_program':None if whole else keep})",
].join("\n");

let serving: Buffer | undefined;

/**
 * The parts for files are sent as a string, which is compiled when files arrive: a JSON string is also a Python string.
 */
function servingProgram(): Buffer {
  serving ??= Buffer.from(`STAGE_PARTS = ${JSON.stringify(joined(STAGE_PARTS))}\n\n\n${joined(PARTS)}`);
  return serving;
}

/**
 * The system's own Python on this machine, because the first one in PATH may belong to a version manager, which starts
 * slowly.
 */
const SYSTEM_PYTHON = "/usr/bin/python3";

function python({ transport }: Place): readonly string[] {
  const here = transport === "local" && existsSync(SYSTEM_PYTHON);
  return [here ? SYSTEM_PYTHON : "python3", "-I", "-S"];
}

function programOf({ program }: Pick<RunnerCall, "program">): readonly string[] {
  return program === "make" ? [] : ["--program", program];
}
