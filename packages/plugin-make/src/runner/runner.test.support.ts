import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { RemoteStream } from "@maand/core";
import { processStream } from "@maand/core/internal";
import { expect, type TestContext, vi } from "vitest";
import { runnerCommand, STEP_VARIABLE, serveCommand, workerFiles } from "../runner-program.ts";
import { RunnerClient, type RunningRequest } from "./runner-client.ts";

const MAKEFILE = `
start:
	@echo out; echo err >&2
env:
	@echo $(CURRENT_VERSION) to $(NEW_VERSION) in $$(basename $(CURDIR))
restart:
	@echo $$(basename $(CURDIR)) >> ../../order
fail:
	@echo broken; exit 9
stop:
	@echo stopped
status:
	@echo running
big:
	@head -c 1000000 /dev/zero | tr '\\0' x; printf '\\377\\376 no line end'
gate:
	@echo in >> ../../order; touch here; while [ ! -e go ] && [ -e Makefile ]; do sleep 0.02; done; echo out >> ../../order
hang:
	@echo begun; sh -c 'echo $$$$ > grandchild; exec sleep 1000' & sleep 1000
stubborn:
	@sh -c 'trap "" TERM; echo $$$$ > grandchild; while :; do sleep 0.05; done'
away:
	@echo begun; setsid --wait sh -c 'echo $$$$ > grandchild; exec sleep 1000'
limited:
	@echo begun; timeout 1000 sh -c 'trap "" TERM; echo $$$$ > grandchild; while :; do sleep 0.05; done'
launch:
	@setsid --fork sh -c 'while [ ! -e go ] && [ -e Makefile ]; do echo $$$$ > server; sleep 0.02; done; echo ended > ended'; exec sleep 1000
many:
	@head -c 50000000 /dev/zero
flood:
	@sh -c 'echo $$$$ > grandchild; exec yes'
wait:
	@sh -c 'echo $$$$ > grandchild; while [ ! -e go ] && [ -e Makefile ]; do sleep 0.02; done; echo late >> ../../order'
apart:
	@exec setsid sh -c 'echo $$$$ > grandchild; while [ ! -e go ] && [ -e Makefile ]; do sleep 0.02; done; echo late >> ../../order' > log 2>&1
quiet:
	@exec timeout 1000 sh -c 'echo $$$$ > grandchild; while [ ! -e go ] && [ -e Makefile ]; do sleep 0.02; done; echo late >> ../../order' > log 2>&1
deaf:
	@trap "" TERM; echo $$$$ > grandchild; while :; do sleep 0.05; done
orphan:
	@trap "" TERM; echo $$$$ > grandchild; kill -9 $$PPID; while :; do sleep 0.05; done
lasting:
	@nohup sh -c 'while [ ! -e go ] && [ -e Makefile ]; do echo $$$$ > server; sleep 0.02; done; echo ended > ended' > log 2>&1 & echo $$$$ > grandchild; while [ ! -e on ] && [ -e Makefile ]; do sleep 0.02; done
together:
	@grep -qs '^State:.[^ZX]' /proc/$$(cat grandchild)/status && echo together >> ../../order || echo alone >> ../../order
half:
	@sh -c 'echo $$$$ > grandchild; while [ ! -e go ] && [ -e Makefile ]; do sleep 0.02; done' & while [ ! -s grandchild ]; do sleep 0.02; done; exit 1
daemon:
	@setsid --fork sh -c 'while [ ! -e go ] && [ -e Makefile ]; do echo $$$$ > server; sleep 0.02; done; echo ended > ended' > log 2>&1
background:
	@nohup sh -c 'while [ ! -e go ] && [ -e Makefile ]; do echo $$$$ > server; sleep 0.02; done; echo ended > ended' > log 2>&1 &
place:
	@echo "$(PWD) $(CURDIR) $(OLDPWD)"; pwd; echo "$$PWD"
serve:
	@(while [ ! -e go ] && [ -e Makefile ]; do echo tick; echo $$$$ > server; sleep 0.02; done; echo ended > ended) & echo serving
talk:
	@for i in 1 2 3 4 5 6 7 8 9; do echo line $$i; done; while [ ! -e go ] && [ -e Makefile ]; do sleep 0.02; done; echo late; touch done
turns:
	@echo in >> ../../order; sleep 0.01; echo out >> ../../order
`;

/** A command on a runner, which runs only this command or serves many commands. */
export interface Running {
  readonly code: Promise<number | null | undefined>;
  end(): void;
  stdout(): string;
  stderr(): string;
  bytes(): Buffer;
}

/** A command on a separate runner. */
export interface Alone extends Running {
  readonly process: ChildProcess;
}

export interface Options {
  readonly jobs?: string;
  readonly timeout?: number;
  readonly env?: Record<string, string>;
  readonly extra?: readonly string[];
  readonly unread?: boolean;
  readonly step?: string;
  readonly voids?: readonly string[];
}

/**
 * The two kinds of runners: a separate process for each command, or a process that serves all commands. Both have the
 * same guarantees.
 */
export const FORMS = ["separate", "serving"] as const;
export type Form = (typeof FORMS)[number];

/** A local worker, which uses the system's own Python, because the first one in PATH may be slow to start. */
const place = (root: string) => ({ root, transport: "local" });

/** A worker's directory with the jobs api and db (disabled), and its runner. */
export function aWorker({ onTestFinished }: TestContext, more: readonly string[] = []) {
  const root = mkdtempSync(join(tmpdir(), "maand-runner-"));
  const running: Running[] = [];
  const processes: ChildProcess[] = [];
  const inJob = (name: string, job = "api") => join(root, "jobs", job, name);
  const lists = (...jobs: object[]) => writeFileSync(join(root, "jobs.json"), JSON.stringify(jobs));

  mkdirSync(join(root, "bin"));
  writeFileSync(join(root, "bin/runner.py"), workerFiles()["runner.py"] ?? "");
  for (const job of ["api", "db", ...more]) {
    mkdirSync(join(root, "jobs", job), { recursive: true });
    writeFileSync(inJob("Makefile", job), MAKEFILE);
  }
  lists({ job: "api", disabled: 0 }, { job: "db", disabled: 1 }, ...more.map((job) => ({ job })));
  onTestFinished(async () => {
    for (const job of ["api", ...more]) writeFileSync(inJob("go", job), "");
    for (const { stdin } of processes) stdin?.destroy();
    await Promise.all(running.map(({ code }) => code));
    await eventually(() => expect(processes.map(({ pid }) => pid).filter(isRunning)).toEqual([]));
    // processes that they left running end by themselves once they see `go`, and may still write until then
    await eventually(() => expect(processesIn(root)).toEqual([]));
    rmSync(root, { recursive: true, force: true });
  });

  function alone(target: string, options: Options = {}): Alone {
    const { jobs = "api", timeout, env, extra = [], unread = false, step, voids = [] } = options;
    const named = step === undefined ? {} : { [STEP_VARIABLE]: [step, ...voids].join(" ") };
    const call = { bucketId: "bucket", target, job: jobs, program: "make", timeoutMs: 0 };
    const words = runnerCommand(place(root), call).map(String);
    const [program = "", ...rest] = words.slice(0, words.indexOf("--jobs"));
    const picked = jobs === "" ? [] : ["--jobs", jobs];
    const limit = timeout === undefined ? [] : ["--timeout", String(timeout)];
    const child = spawn(program, [...rest, ...picked, ...limit, ...extra], {
      env: { PATH: process.env.PATH ?? "", ...env, ...named },
    });
    processes.push(child);
    const printed = record();
    if (!unread) child.stdout.on("data", (chunk: Buffer) => printed.add("stdout", chunk));
    child.stderr.on("data", (chunk: Buffer) => printed.add("stderr", chunk));
    child.stdin.on("error", () => {});
    const code = new Promise<number | null>((resolve) => child.once(unread ? "exit" : "close", resolve));
    const started = { process: child, code, end: () => void child.stdin.write("end\n"), ...printed };
    running.push(started);
    return started;
  }

  /** The channel of a runner that serves requests, and the program that the runner may request. */
  function channel(extra: readonly string[] = []) {
    const serving = serveCommand(place(root), { bucketId: "bucket", program: "make" });
    const [program = "", ...args] = [...serving.command.map(String), ...extra];
    const child = spawn(program, args, { env: { PATH: process.env.PATH ?? "" } });
    processes.push(child);
    return { process: child, stream: streamOf(child), program: serving.program };
  }

  /** A runner that serves requests. */
  function serve(extra: readonly string[] = []) {
    const { process: child, stream, program } = channel(extra);
    const client = new RunnerClient(stream, program);
    const request = (target: string, given: Options = {}): Running => {
      const { jobs: job = "api", timeout = 300, env = {}, step, voids = [] } = given;
      const printed = record();
      const options = { target, job, timeout, env, ...(step === undefined ? {} : { step, voids }) };
      const begun: Promise<RunningRequest> = client.ready.then(() => client.request(options, printed.add));
      const code = begun.then(({ ended }) => ended);
      const started = { code, end: () => void begun.then((one) => one.end()), ...printed };
      running.push(started);
      return started;
    };
    return { process: child, client, io: stream.io, request };
  }

  let shared: ReturnType<typeof serve> | undefined;
  function start(form: Form, target: string, options?: Options): Running {
    if (form === "separate") return alone(target, options);
    if (!shared?.client.open) shared = serve();
    return shared.request(target, options);
  }

  async function run(form: Form, target: string, options?: Options) {
    const started = start(form, target, options);
    return { code: await started.code, stdout: started.stdout(), stderr: started.stderr(), bytes: started.bytes() };
  }

  function write(name: string, text: string, job?: string): void {
    mkdirSync(dirname(inJob(name, job)), { recursive: true });
    writeFileSync(inJob(name, job), text);
  }

  const there = (path: string) => eventually(() => expect(readFileSync(path, "utf8")).not.toBe(""));
  return {
    root,
    inJob,
    lists,
    write,
    alone,
    channel,
    serve,
    start,
    run,
    there,
    order: () => readFileSync(join(root, "order"), "utf8").trimEnd().split("\n"),
    exists: (name: string, job?: string) => eventually(() => expect(existsSync(inJob(name, job))).toBe(true)),
    async grandchild() {
      await there(inJob("grandchild"));
      return Number(readFileSync(inJob("grandchild"), "utf8"));
    },
  };
}

function record() {
  const chunks: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
  return {
    add: (stream: "stdout" | "stderr", chunk: Buffer) => void chunks[stream].push(chunk),
    stdout: () => Buffer.concat(chunks.stdout).toString(),
    stderr: () => Buffer.concat(chunks.stderr).toString(),
    bytes: () => Buffer.concat(chunks.stdout),
  };
}

/** The result that a remote would return for a process. */
export function streamOf(child: ChildProcess): RemoteStream {
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error("it has no streams");
  stdin.on("error", () => {});
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { io: processStream(stdout, stdin), stderr, exit, destroy: () => child.kill("SIGTERM") };
}

export const eventually = (promise: () => void) => vi.waitFor(promise, 15_000);
/** Ids of a process' children, with blanks between them. */
export const childrenOf = (pid = 0) => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
/** Ids of the processes whose working directory is in a directory. */
function processesIn(directory: string): string[] {
  const isInside = (pid: string) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${directory}/`);
    } catch {
      return false;
    }
  };
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isInside(name));
}

export const gone = (pid?: number) => eventually(() => expect(isRunning(pid)).toBe(false));

export function isRunning(pid = 0): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.startsWith("Z") === false;
  } catch {
    return false;
  }
}
