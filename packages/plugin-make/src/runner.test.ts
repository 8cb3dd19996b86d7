import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, type TestContext, vi } from "vitest";
import { runnerCommand, workerFiles } from "./runner.ts";

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
	@echo in >> ../../order; touch here; while [ ! -e go ]; do sleep 0.02; done; echo out >> ../../order
hang:
	@echo begun; sh -c 'echo $$$$ > grandchild; exec sleep 1000' & sleep 1000
stubborn:
	@sh -c 'trap "" TERM; echo $$$$ > grandchild; while :; do sleep 0.05; done'
flood:
	@sh -c 'echo $$$$ > grandchild; exec yes'
serve:
	@(while [ ! -e go ]; do echo tick; echo $$$$ > server; sleep 0.02; done; echo ended > ended) & echo serving
talk:
	@for i in 1 2 3 4 5 6 7 8 9; do echo line $$i; done; while [ ! -e go ]; do sleep 0.02; done; echo late; touch done
turns:
	@echo in >> ../../order; sleep 0.01; echo out >> ../../order
`;

interface Running {
  readonly process: ChildProcess;
  readonly code: Promise<number | null>;
  stdout(): string;
  stderr(): string;
  bytes(): Buffer;
}

interface Options {
  readonly jobs?: string;
  readonly timeout?: number;
  readonly env?: Record<string, string>;
  readonly extra?: readonly string[];
  readonly unread?: boolean;
}

type Cleanup = (done: () => Promise<void>) => void;

/** A worker's directory with the jobs api and db (disabled), and its runner. */
function aWorker(file: string, transport: string, onTestFinished: Cleanup) {
  const root = mkdtempSync(join(tmpdir(), "maand-runner-"));
  const running: Running[] = [];
  const inJob = (name: string, job = "api") => join(root, "jobs", job, name);
  const lists = (...jobs: object[]) => writeFileSync(join(root, "jobs.json"), JSON.stringify(jobs));

  mkdirSync(join(root, "bin"));
  writeFileSync(join(root, "bin", file), workerFiles()[file] ?? "");
  for (const job of ["api", "db"]) {
    mkdirSync(join(root, "jobs", job), { recursive: true });
    writeFileSync(inJob("Makefile", job), MAKEFILE);
  }
  lists({ job: "api", disabled: 0 }, { job: "db", disabled: 1 });
  onTestFinished(async () => {
    writeFileSync(inJob("go"), "");
    for (const { process } of running) process.stdin?.destroy();
    await Promise.all(running.map(({ code }) => code));
    rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 });
  });

  function start(target: string, { jobs = "api", timeout, env, extra = [], unread = false }: Options = {}): Running {
    const call = { bucketId: "bucket", target, job: jobs, program: "make", timeoutMs: 0 };
    const words = runnerCommand({ root, transport }, call).map(String);
    const [program = "", ...rest] = words.slice(0, words.indexOf("--jobs"));
    const picked = jobs === "" ? [] : ["--jobs", jobs];
    const limit = timeout === undefined ? [] : ["--timeout", String(timeout)];
    const child = spawn(program, [...rest, ...picked, ...limit, ...extra], {
      env: { PATH: process.env.PATH ?? "", ...env },
    });
    const heard = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
    const keep = (stream: "stdout" | "stderr") => (chunk: Buffer) => {
      heard[stream] = Buffer.concat([heard[stream], chunk]);
    };
    if (!unread) child.stdout.on("data", keep("stdout"));
    child.stderr.on("data", keep("stderr"));
    child.stdin.on("error", () => {});
    const code = new Promise<number | null>((resolve) => child.once(unread ? "exit" : "close", resolve));
    const started: Running = {
      process: child,
      code,
      stdout: () => heard.stdout.toString(),
      stderr: () => heard.stderr.toString(),
      bytes: () => heard.stdout,
    };
    running.push(started);
    return started;
  }

  async function run(target: string, options?: Options) {
    const started = start(target, options);
    return { code: await started.code, stdout: started.stdout(), stderr: started.stderr(), bytes: started.bytes() };
  }

  const there = (path: string) => eventually(() => expect(readFileSync(path, "utf8")).not.toBe(""));
  return {
    root,
    inJob,
    lists,
    start,
    run,
    there,
    order: () => readFileSync(join(root, "order"), "utf8").trimEnd().split("\n"),
    exists: (name: string) => eventually(() => expect(existsSync(inJob(name))).toBe(true)),
    async grandchild() {
      await there(inJob("grandchild"));
      return Number(readFileSync(inJob("grandchild"), "utf8"));
    },
  };
}

const eventually = (promise: () => void) => vi.waitFor(promise, 15_000);
const gone = (pid: number) => eventually(() => expect(isRunning(pid)).toBe(false));

describe.concurrent.each([
  ["runner.py", "ssh"],
  ["runner.mjs", "local"],
])("%s", { timeout: 30_000 }, (file, transport) => {
  const worker = (context: TestContext) => aWorker(file, transport, context.onTestFinished);

  it("runs a target in the job's directory and adds nothing to what it says", async (context) => {
    const w = worker(context);
    expect(await w.run("start")).toMatchObject({ code: 0, stdout: "out\n", stderr: "err\n" });
  });

  it("hands its environment to make", async (context) => {
    const w = worker(context);
    const { stdout } = await w.run("env", { env: { CURRENT_VERSION: "1.0.0", NEW_VERSION: "2.0.0" } });
    expect(stdout).toBe("1.0.0 to 2.0.0 in api\n");
  });

  it("ends with make's exit code and leaves the jobs after a failed one alone", async (context) => {
    const w = worker(context);
    const { code, stdout } = await w.run("fail", { jobs: "api,api" });
    expect(code).toBe(2);
    expect(stdout).toBe("broken\n");
  });

  it("says what cannot be found when the program is missing", async (context) => {
    const w = worker(context);
    const { code, stderr } = await w.run("start", { extra: ["--program", "no-such-make"] });
    expect(code).toBe(127);
    expect(stderr).toContain("no-such-make: No such file or directory");
  });

  it("keeps the order of the jobs asked for", async (context) => {
    const w = worker(context);
    w.lists({ job: "api" }, { job: "db" });
    expect(await w.run("restart", { jobs: "db,api" })).toMatchObject({ code: 0 });
    expect(w.order()).toEqual(["db", "api"]);
  });

  it("takes all jobs when none is named, and starts no disabled one", async (context) => {
    const w = worker(context);
    expect(await w.run("restart", { jobs: "" })).toMatchObject({ code: 0 });
    expect(w.order()).toEqual(["api"]);
    expect(await w.run("stop", { jobs: "" })).toMatchObject({ stdout: "stopped\nstopped\n" });
  });

  it.for(["ghost", "../api", "."])("refuses to start what is no job here: %s", async (job, context) => {
    const w = worker(context);
    const { code, stderr } = await w.run("start", { jobs: job });
    expect(code).toBe(3);
    expect(stderr).toBe(`runner: ${job}: it has no Makefile here; run maand deploy first\n`);
  });

  it("has nothing to stop where there is no job", async (context) => {
    const w = worker(context);
    const { code, stderr } = await w.run("stop", { jobs: "ghost" });
    expect(code).toBe(0);
    expect(stderr).toBe("runner: ghost: nothing to stop, it has no Makefile here\n");
  });

  it("stops a job that is leaving and in jobs.json no more, but does not start it", async (context) => {
    const w = worker(context);
    w.lists();
    expect(await w.run("stop")).toMatchObject({ code: 0, stdout: "stopped\n" });
    const { code, stderr } = await w.run("start");
    expect(code).toBe(3);
    expect(stderr).toContain("it is not in jobs.json");
  });

  it("answers a broken jobs.json and a wrong call with one line", async (context) => {
    const w = worker(context);
    writeFileSync(join(w.root, "jobs.json"), '{"job": ');
    const broken = await w.run("start");
    expect(broken.code).toBe(3);
    expect(broken.stderr.split("\n")).toHaveLength(2);
    expect(broken.stderr).toContain("jobs.json cannot be read");
    expect(await w.run("start", { extra: ["--what", "1"] })).toMatchObject({
      code: 64,
      stderr: "runner: unknown option --what\n",
    });
  });

  it("passes a megabyte without a line end, and bytes that are no text, as they are", async (context) => {
    const w = worker(context);
    const { code, bytes } = await w.run("big");
    expect(code).toBe(0);
    const tail = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(" no line end")]);
    expect(bytes.length).toBe(1_000_000 + tail.length);
    expect(bytes.subarray(0, 1_000_000).every((byte) => byte === 0x78)).toBe(true);
    expect(bytes.subarray(1_000_000)).toEqual(tail);
  });

  it("ends everything a command started when its time is over", async (context) => {
    const w = worker(context);
    const { code, stdout, stderr } = await w.run("hang", { timeout: 0.5 });
    expect(code).toBe(124);
    expect(stdout).toBe("begun\n");
    expect(stderr).toContain("runner: timed out after 0.5 s\n");
    await gone(await w.grandchild());
  });

  it("kills what ignores the request to end", async (context) => {
    const w = worker(context);
    const { code } = await w.run("stubborn", { timeout: 0.3 });
    expect(code).toBe(124);
    await gone(await w.grandchild());
  });

  it("ends the command on the word `end`", async (context) => {
    const w = worker(context);
    const command = w.start("hang");
    const pid = await w.grandchild();
    command.process.stdin?.write("end\n");
    expect(await command.code).toBe(130);
    expect(command.stderr()).toContain("runner: ended on request\n");
    await gone(pid);
  });

  it.for(["SIGTERM", "SIGINT"] as const)("ends the command on %s", async (signal, context) => {
    const w = worker(context);
    const command = w.start("hang");
    const pid = await w.grandchild();
    command.process.kill(signal);
    expect(await command.code).toBe(signal === "SIGTERM" ? 143 : 130);
    await gone(pid);
  });

  it("carries a command to its end when nobody listens any more", async (context) => {
    const w = worker(context);
    const command = w.start("talk");
    await eventually(() => expect(command.stdout()).toContain("line 9"));
    command.process.stdin?.destroy();
    command.process.stdout?.destroy();
    command.process.stderr?.destroy();
    command.process.kill("SIGHUP");
    writeFileSync(w.inJob("go"), "");
    expect(await command.code).toBe(0);
    expect(existsSync(w.inJob("done"))).toBe(true);
  });

  it("keeps the time limit when its reader stalls", async (context) => {
    const w = worker(context);
    const command = w.start("flood", { timeout: 0.5, unread: true });
    expect(await command.code).toBe(124);
    await gone(await w.grandchild());
    command.process.stdout?.destroy();
  });

  it("does not wait for a server a command leaves behind, and lets it live", async (context) => {
    const w = worker(context);
    expect(await w.run("serve")).toMatchObject({ code: 0 });
    expect((await w.run("start")).code).toBe(0);
    await w.there(w.inJob("server"));
    rmSync(w.inJob("server"));
    await w.there(w.inJob("server"));
    writeFileSync(w.inJob("go"), "");
    await w.there(w.inJob("ended"));
  });

  it("waits for a command that still runs on the same job, and says so", async (context) => {
    const w = worker(context);
    const first = w.start("gate");
    await w.exists("here");
    const second = w.start("gate");
    await eventually(() => expect(second.stderr()).toMatch(/^runner: api: waiting for gate \(pid \d+\)/));
    expect((await w.run("status")).stdout).toBe("running\n");
    expect(w.order()).toEqual(["in"]);
    writeFileSync(w.inJob("go"), "");
    expect([await first.code, await second.code]).toEqual([0, 0]);
    expect(w.order()).toEqual(["in", "out", "in", "out"]);
  });

  it("waits no longer than its own time limit, nor after `end`", async (context) => {
    const w = worker(context);
    w.start("gate");
    await w.exists("here");
    const late = await w.run("restart", { timeout: 0.2 });
    expect(late.code).toBe(124);
    expect(late.stderr).toContain("timed out after 0.2 s, waiting for the command that still runs here");
    const ended = w.start("restart");
    await eventually(() => expect(ended.stderr()).toContain("waiting for"));
    ended.process.stdin?.write("end\n");
    expect(await ended.code).toBe(130);
    expect(w.order()).toEqual(["in"]);
  });

  it("takes over the lock of a runner that was killed", async (context) => {
    const w = worker(context);
    const killed = w.start("gate");
    await w.exists("here");
    killed.process.kill("SIGKILL");
    await killed.code;
    expect(await w.run("start")).toMatchObject({ code: 0, stdout: "out\n" });
  });

  it("lets one of many go at a time", async (context) => {
    const w = worker(context);
    const many = Array.from({ length: 6 }, () => w.start("turns"));
    expect(await Promise.all(many.map(({ code }) => code))).toEqual(many.map(() => 0));
    expect(w.order()).toEqual(many.flatMap(() => ["in", "out"]));
  });
});

function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.startsWith("Z") === false;
  } catch {
    return false;
  }
}
