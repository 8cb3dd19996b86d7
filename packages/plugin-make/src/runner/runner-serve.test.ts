import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { slowReaders } from "@maand/core/testing";
import { describe, expect, it, type TestContext } from "vitest";
import { aWorker, childrenOf, eventually, gone } from "./runner.test.support.ts";

const openFiles = (pid = 0) => readdirSync(`/proc/${pid}/fd`).length;

describe.concurrent("a runner that serves requests", () => {
  const worker = (context: TestContext, ...jobs: string[]) => aWorker(context, jobs);

  it("runs ten jobs in parallel", async (context) => {
    const jobs = Array.from({ length: 10 }, (_, at) => `job${at}`);
    const w = worker(context, ...jobs);
    const { request } = w.serve();
    const requests = jobs.map((job) => request("gate", { jobs: job }));
    await eventually(() => expect(jobs.filter((job) => existsSync(w.inJob("here", job)))).toEqual(jobs));
    for (const job of jobs.toReversed()) writeFileSync(w.inJob("go", job), "");
    expect(await Promise.all(requests.map(({ code }) => code))).toEqual(jobs.map(() => 0));
  });

  it("separates the outputs and environments of its requests", async (context) => {
    const w = worker(context, "web");
    const { request } = w.serve();
    const env = (version: string) => ({ CURRENT_VERSION: version, NEW_VERSION: "ü 😀" });
    const requests = [
      request("env", { env: env("1") }),
      request("env", { jobs: "web", env: env("2") }),
      request("fail"),
    ];
    expect(await Promise.all(requests.map(({ code }) => code))).toEqual([0, 0, 2]);
    expect(requests[0]?.stdout()).toContain("1 to");
    expect(requests[1]?.stdout()).toContain("2 to");
    expect(requests[2]?.stdout()).toBe("broken\n");
    expect(await w.run("serving", "env")).toMatchObject({ stdout: "to in api\n" });
  });

  it("finishes a request promptly while another one prints a lot", async (context) => {
    const w = worker(context, "web");
    const { request } = w.serve();
    const flood = request("many");
    await eventually(() => expect(flood.bytes().length).toBeGreaterThan(0));
    const other = request("start", { jobs: "web" });
    expect(await other.code).toBe(0);
    expect(other.stdout()).toBe("out\n");
    expect(await flood.code).toBe(0);
    expect(flood.bytes().length).toBe(50_000_000);
  });

  it("waits while the readers of its output are behind, and loses nothing", async (context) => {
    const w = worker(context);
    const { client } = w.serve();
    const readers = slowReaders();
    let bytes = 0;
    const onOutput = (_: unknown, chunk: Buffer) => {
      bytes += chunk.length;
    };
    await client.ready;
    const request = { target: "many", job: "api", timeout: 300, env: {} };
    const { ended } = client.request(request, onOutput, readers.backPressure);
    await readers.behind;
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
    expect(bytes).toBeLessThanOrEqual(1024 * 1024);
    readers.catchUp();
    expect(await ended).toBe(0);
    expect(bytes).toBe(50_000_000);
  });

  it("buffers little output while the output is not read, and enforces its timeouts", async (context) => {
    const w = worker(context, "web");
    const { request, process, io } = w.serve();
    expect(await request("start", { jobs: "web" }).code).toBe(0);
    const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${process.pid}/status`, "utf8"))?.[1]);
    const before = resident();
    io.pause();
    const flood = request("flood", { timeout: 2 });
    const pid = await w.grandchild();
    await gone(pid);
    expect(resident() - before).toBeLessThan(100_000);
    io.resume();
    expect(await flood.code).toBe(124);
  });

  it("finishes running commands after its reader has disconnected, starts no others, and exits", async (context) => {
    const w = worker(context, "web");
    const { request, process } = w.serve();
    request("talk");
    request("talk", { jobs: "web" });
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

  it("survives invalid lines, and responds to valid ones", async (context) => {
    const w = worker(context);
    const { client, request, process } = w.serve();
    await client.ready;
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
    let errors = "";
    let answered = "";
    process.stderr?.on("data", (chunk: Buffer) => {
      errors += chunk;
    });
    process.stdout?.on("data", (chunk: Buffer) => {
      answered += chunk;
    });
    process.stdin?.write(`${lines.join("\n")}\n`);
    process.stdin?.write('{"id": 90}\n{"id": 91, "target": "start", "job": 7}\n{"id": 92, "end": true}\n');
    process.stdin?.write('{"id": 93, "target": "start", "job": "api", "timeout": "x"}\n');
    process.stdin?.write('{"id": 94, "target": "start", "job": "api", "env": {"A=B": "x"}}\n');
    expect(await request("start").code).toBe(0);
    await eventually(() => expect(answered.match(/^9\d exit 64$/gm)).toHaveLength(4));
    expect(errors).toContain("runner: this is not a request\n");
    expect(errors + answered).not.toMatch(/Traceback/);
  });

  it("leaves no open files and no processes behind after 300 requests", async (context) => {
    const w = worker(context);
    const { request, process } = w.serve();
    for (let at = 0; at < 5; at += 1) await request("start").code;
    const before = openFiles(process.pid);
    for (let at = 0; at < 300; at += 1) expect(await request("start").code).toBe(0);
    expect(openFiles(process.pid)).toBeLessThanOrEqual(before + 1);
    expect(childrenOf(process.pid)).toBe("");
  });

  it("stops its commands and then exits on SIGTERM", async (context) => {
    const w = worker(context);
    const { request, process } = w.serve();
    const command = request("hang");
    const pid = await w.grandchild();
    process.kill("SIGTERM");
    expect(await command.code).toBe(143);
    await gone(pid);
    await gone(process.pid ?? 0);
  });

  it("loses its requests if it is killed, and the next runner waits for its running commands", async (context) => {
    const w = worker(context);
    const first = w.serve();
    const command = first.request("gate");
    await w.exists("here");
    first.process.kill("SIGKILL");
    expect(await command.code).toBeUndefined();
    const next = w.serve().request("turns");
    await eventually(() => expect(next.stderr()).toContain("api: waiting for gate"));
    writeFileSync(w.inJob("go"), "");
    expect(await next.code).toBe(0);
    expect(w.order()).toEqual(["in", "out", "in", "out"]);
  });

  it("exits with code 64 for an unknown protocol", async (context) => {
    const { process, client } = worker(context).serve(["--protocol", "2"]);
    expect(await client.ready).toBe(false);
    expect(await client.exit()).toBe(64);
    expect(process.exitCode).toBe(64);
  });
});
