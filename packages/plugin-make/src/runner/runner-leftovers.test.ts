import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it, type TestContext } from "vitest";
import { aWorker, childrenOf, eventually, FORMS, gone, isRunning } from "./runner.test.support.ts";

/** The only make a runner runs. */
async function makeOf(runner: number | undefined): Promise<number> {
  await eventually(() => expect(childrenOf(runner)).toMatch(/^\d+$/));
  return Number(childrenOf(runner));
}

function parentOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
}

/** Runs a target with a timeout that is long enough for its recipe to begin, and returns its exit code. */
async function codeAfterBegin(
  w: ReturnType<typeof aWorker>,
  target: string,
  timeout = 1,
): Promise<number | null | undefined> {
  const { code } = await w.run("separate", target, { timeout });
  return existsSync(w.inJob("grandchild")) ? code : codeAfterBegin(w, target, timeout * 2);
}

describe.concurrent("a command whose make is killed", () => {
  const worker = (context: TestContext) => aWorker(context);

  it("delays the next command until its recipe ends", async (context) => {
    const w = worker(context);
    const { process: runner, request } = w.serve();
    const first = request("wait");
    await w.grandchild();
    const next = request("together");
    await eventually(() => expect(next.stderr()).toContain("waiting for wait"));
    process.kill(await makeOf(runner.pid), "SIGKILL");
    writeFileSync(w.inJob("go"), "");
    expect([await first.code, await next.code]).toEqual([137, 0]);
    expect(w.order()).toEqual(["late", "alone"]);
    expect(first.stderr()).toBe("runner: make was killed by signal 9; the processes that it had started have ended\n");
  });

  it("is stopped completely if it no longer writes to make's output", async (context) => {
    const w = worker(context);
    const { process: runner, request } = w.serve();
    const first = request("apart");
    const recipe = await w.grandchild();
    const next = request("together");
    await eventually(() => expect(next.stderr()).toContain("waiting for apart"));
    process.kill(await makeOf(runner.pid), "SIGKILL");
    expect(await first.code).toBe(137);
    expect(isRunning(recipe)).toBe(false);
    expect(await next.code).toBe(0);
    expect(w.order()).toEqual(["alone"]);
  });

  it("is stopped after its timeout, even if it ignores SIGTERM", async (context) => {
    const w = worker(context);
    expect(await codeAfterBegin(w, "orphan")).toBe(124);
    expect(isRunning(await w.grandchild())).toBe(false);
  });

  it("is stopped on request", async (context) => {
    const w = worker(context);
    const command = w.alone("wait");
    const recipe = await w.grandchild();
    process.kill(await makeOf(command.process.pid), "SIGKILL");
    command.end();
    expect(await command.code).toBe(130);
    expect(isRunning(recipe)).toBe(false);
  });

  it("does not affect commands of other jobs", async (context) => {
    const w = aWorker(context, ["web"]);
    const { process: runner, request } = w.serve();
    const other = request("wait", { jobs: "web" });
    await w.exists("grandchild", "web");
    const otherMake = childrenOf(runner.pid).split(" ");
    const first = request("apart");
    await w.grandchild();
    const make = childrenOf(runner.pid)
      .split(" ")
      .find((pid) => !otherMake.includes(pid));
    process.kill(Number(make), "SIGKILL");
    expect(await first.code).toBe(137);
    writeFileSync(w.inJob("go", "web"), "");
    expect(await other.code).toBe(0);
    expect(w.order()).toEqual(["late"]);
  });
});

describe.concurrent.each(FORMS)("a command whose %s runner is killed", (form) => {
  type Worker = ReturnType<typeof aWorker>;

  /** Starts a target, and kills its runner while the recipe runs; returns make. */
  async function killRunner(w: Worker, target: string, timeout = 300): Promise<number> {
    const { process: runner } = form === FORMS[0] ? w.alone(target, { timeout }) : serveOne(w, target, timeout);
    await w.grandchild();
    const make = await makeOf(runner.pid);
    process.kill(runner.pid ?? 0, "SIGKILL");
    await gone(runner.pid);
    return make;
  }

  function serveOne(w: Worker, target: string, timeout: number) {
    const runner = w.serve();
    runner.request(target, { timeout });
    return runner;
  }

  async function killBoth(w: Worker, target: string, timeout?: number): Promise<void> {
    const make = await killRunner(w, target, timeout);
    process.kill(make, "SIGKILL");
    await gone(make);
  }

  for (const target of ["wait", "quiet"]) {
    it(`delays the next command until its recipe ends if make was killed too (${target})`, async (context) => {
      const w = aWorker(context);
      await killBoth(w, target);
      const next = w.start(form, "together");
      await eventually(() => expect(next.stderr()).toContain(`api: waiting for processes of ${target} `));
      writeFileSync(w.inJob("go"), "");
      expect(await next.code).toBe(0);
      expect(w.order()).toEqual(["late", "alone"]);
    });
  }

  it("is stopped after its timeout by the next command if make was killed too", async (context) => {
    const w = aWorker(context);
    await killBoth(w, "deaf", 2);
    const next = w.start(form, "together");
    expect(await next.code).toBe(0);
    expect(w.order()).toEqual(["alone"]);
    expect(next.stderr()).toMatch(
      /^runner: api: waiting for processes of deaf .*\nrunner: api: stopped the processes that deaf .* left running\n$/,
    );
  });

  it("does not delay another command that is stopped on request", async (context) => {
    const w = aWorker(context);
    await killBoth(w, "wait");
    const next = w.start(form, "together");
    await eventually(() => expect(next.stderr()).toContain("waiting for processes of wait"));
    next.end();
    expect(await next.code).toBe(130);
  });

  it("delays the next command only until make ends, even if a server that make started keeps running", async (context) => {
    const w = aWorker(context);
    const make = await killRunner(w, "lasting");
    const next = w.start(form, "together");
    await eventually(() => expect(next.stderr()).toContain("waiting for lasting"));
    writeFileSync(w.inJob("on"), "");
    await gone(make);
    expect(await next.code).toBe(0);
    rmSync(w.inJob("server"));
    await w.there(w.inJob("server"));
    expect(await w.run(form, "start")).toMatchObject({ code: 0, stderr: "err\n" });
  });
});

describe.concurrent.each(FORMS)("a process that a command leaves running on a %s runner", (form) => {
  const worker = (context: TestContext) => aWorker(context);

  it("is stopped before the exit code is reported if its shell was killed", async (context) => {
    const w = worker(context);
    const command = w.start(form, "hang");
    const pid = await w.grandchild();
    process.kill(parentOf(pid), "SIGKILL");
    expect(await command.code).toBe(2);
    expect(isRunning(pid)).toBe(false);
    expect(command.stderr()).toContain("runner: make failed; stopped the processes that it left running\n");
  });

  it("is stopped if the command failed", async (context) => {
    const w = worker(context);
    const { code } = await w.run(form, "half");
    expect(code).toBe(2);
    expect(isRunning(await w.grandchild())).toBe(false);
  });

  for (const target of ["daemon", "background"]) {
    it(`keeps running if the command succeeded (${target})`, async (context) => {
      const w = worker(context);
      expect(await w.run(form, target)).toMatchObject({ code: 0 });
      await w.there(w.inJob("server"));
      expect(await w.run(form, "start")).toMatchObject({ code: 0 });
      rmSync(w.inJob("server"));
      await w.there(w.inJob("server"));
      writeFileSync(w.inJob("go"), "");
      await w.there(w.inJob("ended"));
    });
  }
});
