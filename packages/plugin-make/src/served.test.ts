import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it, type TestContext } from "vitest";
import { aWorker, childrenOf, eventually, gone, RUNNERS } from "./runner.test.support.ts";

const openFiles = (pid = 0) => readdirSync(`/proc/${pid}/fd`).length;

describe.concurrent.each(RUNNERS)("%s (%s), served", { timeout: 60_000 }, (file, transport) => {
  const worker = (context: TestContext, ...jobs: string[]) => aWorker(file, transport, context, jobs);

  it("runs ten jobs side by side", async (context) => {
    const jobs = Array.from({ length: 10 }, (_, at) => `job${at}`);
    const w = worker(context, ...jobs);
    const { ask } = w.serve();
    const asked = jobs.map((job) => ask("gate", { jobs: job }));
    await eventually(() => expect(jobs.filter((job) => existsSync(w.inJob("here", job)))).toEqual(jobs));
    for (const job of jobs.toReversed()) writeFileSync(w.inJob("go", job), "");
    expect(await Promise.all(asked.map(({ code }) => code))).toEqual(jobs.map(() => 0));
  });

  it("keeps the outputs and the environments of its requests apart", async (context) => {
    const w = worker(context, "web");
    const { ask } = w.serve();
    const env = (version: string) => ({ CURRENT_VERSION: version, NEW_VERSION: "ü 😀" });
    const asked = [ask("env", { env: env("1") }), ask("env", { jobs: "web", env: env("2") }), ask("fail")];
    expect(await Promise.all(asked.map(({ code }) => code))).toEqual([0, 0, 2]);
    expect(asked[0]?.stdout()).toContain("1 to");
    expect(asked[1]?.stdout()).toContain("2 to");
    expect(asked[2]?.stdout()).toBe("broken\n");
    expect(await w.run("served", "env")).toMatchObject({ stdout: "to in api\n" });
  });

  it("finishes one promptly while another floods", async (context) => {
    const w = worker(context, "web");
    const { ask } = w.serve();
    const flood = ask("many");
    await eventually(() => expect(flood.bytes().length).toBeGreaterThan(0));
    const other = ask("start", { jobs: "web" });
    expect(await other.code).toBe(0);
    expect(other.stdout()).toBe("out\n");
    expect(await flood.code).toBe(0);
    expect(flood.bytes().length).toBe(50_000_000);
  });

  it("holds little back when nobody reads, and keeps its time limits", async (context) => {
    const w = worker(context, "web");
    const { ask, process, io } = w.serve();
    expect(await ask("start", { jobs: "web" }).code).toBe(0);
    const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${process.pid}/status`, "utf8"))?.[1]);
    const before = resident();
    io.pause();
    const flood = ask("flood", { timeout: 2 });
    const pid = await w.grandchild();
    await gone(pid);
    expect(resident() - before).toBeLessThan(100_000);
    io.resume();
    expect(await flood.code).toBe(124);
  });

  it("carries what runs to its end when nobody listens any more, begins nothing, and is gone then", async (context) => {
    const w = worker(context, "web");
    const { ask, process } = w.serve();
    ask("talk");
    ask("talk", { jobs: "web" });
    await eventually(() => expect(childrenOf(process.pid).split(" ")).toHaveLength(2));
    process.stdin?.write('{"id": 77, "target": "restart", "job": "api"}');
    for (const stream of [process.stdin, process.stdout, process.stderr]) stream?.destroy();
    process.kill("SIGHUP");
    for (const job of ["api", "web"]) writeFileSync(w.inJob("go", job), "");
    await w.exists("done");
    await w.exists("done", "web");
    await gone(process.pid ?? 0);
    expect(existsSync(`${w.root}/order`)).toBe(false);
  });

  it("lives on after lines that are no requests, and answers those it can", async (context) => {
    const w = worker(context);
    const { ask, process } = w.serve();
    const lines = [
      "",
      "{",
      "[]",
      "7",
      '"x"',
      "\u0000",
      '{"id": -1}',
      '{"id": "1"}',
      `{"id": 1, "x": "${"y".repeat(3_000_000)}`,
    ];
    let said = "";
    let answered = "";
    process.stderr?.on("data", (chunk: Buffer) => {
      said += chunk;
    });
    process.stdout?.on("data", (chunk: Buffer) => {
      answered += chunk;
    });
    process.stdin?.write(`${lines.join("\n")}\n`);
    process.stdin?.write('{"id": 90}\n{"id": 91, "target": "start", "job": 7}\n{"id": 92, "end": true}\n');
    process.stdin?.write('{"id": 93, "target": "start", "job": "api", "timeout": "x"}\n');
    process.stdin?.write('{"id": 94, "target": "start", "job": "api", "env": {"A=B": "x"}}\n');
    expect(await ask("start").code).toBe(0);
    await eventually(() => expect(answered.match(/^9\d exit 64$/gm)).toHaveLength(4));
    expect(said).toContain("runner: this is no request\n");
    expect(said + answered).not.toMatch(/Traceback|at async/);
  });

  it("leaves nothing behind after three hundred requests", async (context) => {
    const w = worker(context);
    const { ask, process } = w.serve();
    for (let at = 0; at < 5; at += 1) await ask("start").code;
    const before = openFiles(process.pid);
    for (let at = 0; at < 300; at += 1) expect(await ask("start").code).toBe(0);
    expect(openFiles(process.pid)).toBeLessThanOrEqual(before + 1);
    expect(childrenOf(process.pid)).toBe("");
  });

  it("ends everything on SIGTERM, and itself", async (context) => {
    const w = worker(context);
    const { ask, process } = w.serve();
    const command = ask("hang");
    const pid = await w.grandchild();
    process.kill("SIGTERM");
    expect(await command.code).toBe(143);
    await gone(pid);
    await gone(process.pid ?? 0);
  });

  it("that is killed takes its requests with it, but not what runs, which the next one waits for", async (context) => {
    const w = worker(context);
    const first = w.serve();
    const command = first.ask("gate");
    await w.exists("here");
    first.process.kill("SIGKILL");
    expect(await command.code).toBeUndefined();
    const next = w.serve().ask("turns");
    await eventually(() => expect(next.stderr()).toContain("api: waiting for gate"));
    writeFileSync(w.inJob("go"), "");
    expect(await next.code).toBe(0);
    expect(w.order()).toEqual(["in", "out", "in", "out"]);
  });

  it("of another protocol is refused", async (context) => {
    const { process, served } = worker(context).serve(["--protocol", "2"]);
    expect(await served.ready).toBe(false);
    expect(await served.exit()).toBe(64);
    expect(process.exitCode).toBe(64);
  });
});
