import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { aWorker, childrenOf, eventually, FORMS, gone } from "./runner.test.support.ts";

describe.concurrent.each(FORMS)("a %s runner", (form) => {
  const worker = (context: TestContext) => aWorker(context);

  it("runs a target in the job's directory and adds nothing to its output", async (context) => {
    const w = worker(context);
    expect(await w.run(form, "start")).toMatchObject({ code: 0, stdout: "out\n", stderr: "err\n" });
  });

  it("passes its environment to make", async (context) => {
    const w = worker(context);
    const { stdout } = await w.run(form, "env", { env: { CURRENT_VERSION: "1.0.0", NEW_VERSION: "2.0.0" } });
    expect(stdout).toBe("1.0.0 to 2.0.0 in api\n");
  });

  it("runs a target as if make had been started in the job's directory", async (context) => {
    const w = worker(context);
    const here = w.inJob("").replace(/\/$/, "");
    const env = { PWD: "/elsewhere", OLDPWD: "/elsewhere/too" };
    const { stdout } = await w.run(form, "place", { env });
    expect(stdout).toBe(`${here} ${here} ${w.root}\n${here}\n${here}\n`);
  });

  it.for(["ghost", "../api", "."])("refuses to start an unknown job: %s", async (job, context) => {
    const w = worker(context);
    const { code, stderr } = await w.run(form, "start", { jobs: job });
    expect(code).toBe(3);
    expect(stderr).toBe(`runner: ${job}: it has no Makefile here; run maand deploy --verify\n`);
  });

  it("does not report a missing job as stopped", async (context) => {
    const w = worker(context);
    const { code, stderr } = await w.run(form, "stop", { jobs: "ghost" });
    expect(code).toBe(3);
    expect(stderr).toBe("runner: ghost: it has no Makefile here; nothing was stopped\n");
  });

  it("stops a removed job that is no longer in jobs.json, but does not start it", async (context) => {
    const w = worker(context);
    w.lists();
    expect(await w.run(form, "stop")).toMatchObject({ code: 0, stdout: "stopped\n" });
    const { code, stderr } = await w.run(form, "start");
    expect(code).toBe(3);
    expect(stderr).toContain("it is not in jobs.json");
  });

  it("passes on a megabyte without a newline, and binary data", async (context) => {
    const w = worker(context);
    const { code, bytes } = await w.run(form, "big");
    expect(code).toBe(0);
    const tail = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(" no line end")]);
    expect(bytes.length).toBe(1_000_000 + tail.length);
    expect(bytes.subarray(0, 1_000_000).every((byte) => byte === 0x78)).toBe(true);
    expect(bytes.subarray(1_000_000)).toEqual(tail);
  });

  it("stops all processes of a command after its timeout", async (context) => {
    const w = worker(context);
    const { code, stdout, stderr } = await w.run(form, "hang", { timeout: 0.5 });
    expect(code).toBe(124);
    expect(stdout).toBe("begun\n");
    expect(stderr).toContain("runner: timed out after 0.5 s\n");
    await gone(await w.grandchild());
  });

  it("kills a process that ignores SIGTERM", async (context) => {
    const w = worker(context);
    const { code } = await w.run(form, "stubborn", { timeout: 0.3 });
    expect(code).toBe(124);
    await gone(await w.grandchild());
  });

  for (const target of ["away", "limited"]) {
    it(`stops a process that left the group but is still a child (${target})`, async (context) => {
      const w = worker(context);
      const command = w.start(form, target);
      const pid = await w.grandchild();
      command.end();
      expect(await command.code).toBe(130);
      await gone(pid);
    });
  }

  it("leaves a detached server running", async (context) => {
    const w = worker(context);
    const command = w.start(form, "launch");
    await w.there(w.inJob("server"));
    command.end();
    expect(await command.code).toBe(130);
    rmSync(w.inJob("server"));
    await w.there(w.inJob("server"));
    writeFileSync(w.inJob("go"), "");
    await w.there(w.inJob("ended"));
  });

  it("stops the command on the word `end`", async (context) => {
    const w = worker(context);
    const command = w.start(form, "hang");
    const pid = await w.grandchild();
    command.end();
    expect(await command.code).toBe(130);
    expect(command.stderr()).toContain("runner: stopped on request\n");
    await gone(pid);
  });

  it("does not wait for a server that a command starts, and leaves it running", async (context) => {
    const w = worker(context);
    expect(await w.run(form, "serve")).toMatchObject({ code: 0 });
    expect((await w.run(form, "start")).code).toBe(0);
    await w.there(w.inJob("server"));
    rmSync(w.inJob("server"));
    await w.there(w.inJob("server"));
    writeFileSync(w.inJob("go"), "");
    await w.there(w.inJob("ended"));
  });

  it("waits for a running command of the same job, and reports it", async (context) => {
    const w = worker(context);
    const first = w.start(form, "gate");
    await w.exists("here");
    const second = w.start(form, "gate");
    await eventually(() => expect(second.stderr()).toMatch(/^runner: api: waiting for gate \(pid \d+\)/));
    expect((await w.run(form, "status")).stdout).toBe("running\n");
    expect(w.order()).toEqual(["in"]);
    writeFileSync(w.inJob("go"), "");
    expect([await first.code, await second.code]).toEqual([0, 0]);
    expect(w.order()).toEqual(["in", "out", "in", "out"]);
  });

  it("waits for another command only until its own timeout has passed or it receives the word `end`", async (context) => {
    const w = worker(context);
    w.start(form, "gate");
    await w.exists("here");
    const late = await w.run(form, "restart", { timeout: 0.2 });
    expect(late.code).toBe(124);
    expect(late.stderr).toContain("timed out after 0.2 s, waiting for the command that still runs here");
    const ended = w.start(form, "restart");
    await eventually(() => expect(ended.stderr()).toContain("waiting for"));
    ended.end();
    expect(await ended.code).toBe(130);
    expect(w.order()).toEqual(["in"]);
  });

  it("runs the commands of a job one at a time", async (context) => {
    const w = worker(context);
    const many = Array.from({ length: 6 }, () => w.start(form, "turns"));
    expect(await Promise.all(many.map(({ code }) => code))).toEqual(many.map(() => 0));
    expect(w.order()).toEqual(many.flatMap(() => ["in", "out"]));
  });
});

describe.concurrent("a runner that is started with a target", () => {
  const worker = (context: TestContext) => aWorker(context);

  it("exits with make's exit code and skips the jobs after a failed one", async (context) => {
    const w = worker(context);
    const { code, stdout } = await w.run("separate", "fail", { jobs: "api,api" });
    expect(code).toBe(2);
    expect(stdout).toBe("broken\n");
  });

  it("reports a missing make program", async (context) => {
    const w = worker(context);
    const { code, stderr } = await w.run("separate", "start", { extra: ["--program", "no-such-make"] });
    expect(code).toBe(127);
    expect(stderr).toContain("no-such-make: No such file or directory");
  });

  it("keeps the given order of jobs", async (context) => {
    const w = worker(context);
    w.lists({ job: "api" }, { job: "db" });
    expect(await w.run("separate", "restart", { jobs: "db,api" })).toMatchObject({ code: 0 });
    expect(w.order()).toEqual(["db", "api"]);
  });

  it("runs all jobs if none is named, and starts no disabled one", async (context) => {
    const w = worker(context);
    expect(await w.run("separate", "restart", { jobs: "" })).toMatchObject({ code: 0 });
    expect(w.order()).toEqual(["api"]);
    expect(await w.run("separate", "stop", { jobs: "" })).toMatchObject({ stdout: "stopped\nstopped\n" });
  });

  it("reports a broken jobs.json or invalid arguments in one line", async (context) => {
    const w = worker(context);
    writeFileSync(join(w.root, "jobs.json"), '{"job": ');
    const broken = await w.run("separate", "start");
    expect(broken.code).toBe(3);
    expect(broken.stderr.split("\n")).toHaveLength(2);
    expect(broken.stderr).toContain("jobs.json cannot be read");
    expect(await w.run("separate", "start", { extra: ["--what", "1"] })).toMatchObject({
      code: 64,
      stderr: "runner: unknown option --what\n",
    });
  });

  it.for(["SIGTERM", "SIGINT"] as const)("stops the command on %s", async (signal, context) => {
    const w = worker(context);
    const command = w.alone("hang");
    const pid = await w.grandchild();
    command.process.kill(signal);
    expect(await command.code).toBe(signal === "SIGTERM" ? 143 : 130);
    await gone(pid);
  });

  it("finishes a command even if its reader has disconnected", async (context) => {
    const w = worker(context);
    const command = w.alone("talk");
    await eventually(() => expect(command.stdout()).toContain("line 9"));
    command.process.stdin?.destroy();
    command.process.stdout?.destroy();
    command.process.stderr?.destroy();
    command.process.kill("SIGHUP");
    writeFileSync(w.inJob("go"), "");
    expect(await command.code).toBe(0);
    expect(existsSync(w.inJob("done"))).toBe(true);
  });

  it("enforces the timeout if its reader stalls", async (context) => {
    const w = worker(context);
    const command = w.alone("flood", { timeout: 0.5, unread: true });
    expect(await command.code).toBe(124);
    await gone(await w.grandchild());
    command.process.stdout?.destroy();
  });

  it("leaves the lock to make if the runner is killed", async (context) => {
    const w = worker(context);
    const killed = w.alone("gate");
    await w.exists("here");
    killed.process.kill("SIGKILL");
    await killed.code;
    const next = w.alone("turns");
    await eventually(() => expect(next.stderr()).toMatch(/^runner: api: waiting for gate \(pid \d+\)/));
    writeFileSync(w.inJob("go"), "");
    expect(await next.code).toBe(0);
    expect(w.order()).toEqual(["in", "out", "in", "out"]);
  });

  it("does not pass the lock to a server that make starts", async (context) => {
    const w = worker(context);
    const killed = w.alone("launch");
    await w.there(w.inJob("server"));
    const make = Number(childrenOf(killed.process.pid));
    killed.process.kill("SIGKILL");
    process.kill(-make, "SIGKILL");
    await killed.code;
    expect(await w.run("separate", "start")).toMatchObject({ code: 0, stdout: "out\n", stderr: "err\n" });
    writeFileSync(w.inJob("go"), "");
    await w.there(w.inJob("ended"));
  });
});
