import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it, type TestContext } from "vitest";
import { aWorker, childrenOf, eventually, FORMS, isRunning } from "./runner.test.support.ts";

/** The only make a runner runs. */
async function makeOf(runner: number | undefined): Promise<number> {
  await eventually(() => expect(childrenOf(runner)).toMatch(/^\d+$/));
  return Number(childrenOf(runner));
}

function parentOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
}

describe.concurrent("a command whose make is killed", { timeout: 30_000 }, () => {
  const worker = (context: TestContext) => aWorker(context);

  for (const target of ["wait", "apart"]) {
    it(`is ended whole before it is answered (${target})`, async (context) => {
      const w = worker(context);
      const command = w.alone(target);
      const recipe = await w.grandchild();
      process.kill(await makeOf(command.process.pid), "SIGKILL");
      expect(await command.code).toBe(137);
      expect(isRunning(recipe)).toBe(false);
      expect(command.stderr()).toBe("runner: make was killed by signal 9; what it had started was ended\n");
    });

    it(`keeps the next command waiting until it is ended (${target})`, async (context) => {
      const w = worker(context);
      const { process: runner, request } = w.serve();
      const first = request(target);
      await w.grandchild();
      const next = request("together");
      await eventually(() => expect(next.stderr()).toContain(`waiting for ${target}`));
      process.kill(await makeOf(runner.pid), "SIGKILL");
      expect([await first.code, await next.code]).toEqual([137, 0]);
      expect(w.order()).toEqual(["alone"]);
    });
  }

  it("is killed where it does not end when asked to", async (context) => {
    const w = worker(context);
    const command = w.alone("stubborn");
    const recipe = await w.grandchild();
    process.kill(await makeOf(command.process.pid), "SIGKILL");
    expect(await command.code).toBe(137);
    expect(isRunning(recipe)).toBe(false);
  });

  it("leaves commands of other jobs alone", async (context) => {
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

describe.concurrent.each(FORMS)("what a command leaves running (%s)", { timeout: 30_000 }, (form) => {
  const worker = (context: TestContext) => aWorker(context);

  it("is ended before the answer when its shell was killed", async (context) => {
    const w = worker(context);
    const command = w.start(form, "hang");
    const pid = await w.grandchild();
    process.kill(parentOf(pid), "SIGKILL");
    expect(await command.code).toBe(2);
    expect(isRunning(pid)).toBe(false);
    expect(command.stderr()).toContain("runner: ended what make left running when it failed\n");
  });

  it("is ended when it failed", async (context) => {
    const w = worker(context);
    const { code } = await w.run(form, "half");
    expect(code).toBe(2);
    expect(isRunning(await w.grandchild())).toBe(false);
  });

  for (const target of ["daemon", "background"]) {
    it(`lives on when it succeeded (${target})`, async (context) => {
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
