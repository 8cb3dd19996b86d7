import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { slowReaders } from "../../testing/transport/slow-readers.ts";
import { LineSplitter } from "../lines.ts";
import { type FollowOptions, followProcess } from "./follow-process.ts";
import { startProcess } from "./process.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "maand-follow-"));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

async function run(script: string, options: Partial<FollowOptions> = {}) {
  const lines: string[] = [];
  const splitters = {
    stdout: new LineSplitter((line) => lines.push(line)),
    stderr: new LineSplitter((line) => lines.push(line)),
  };
  const started = await startProcess(["sh", "-c", script], { cwd, env: { PATH: process.env.PATH ?? "" } });
  const { end, cut } = await followProcess(started, {
    timeoutMs: 60_000,
    graceMs: 200,
    onOutput: (stream, chunk) => splitters[stream].push(chunk),
    ...options,
  });
  for (const splitter of [splitters.stdout, splitters.stderr]) splitter.end();
  return { code: end.code, cut, lines };
}

const pidIn = (file: string) => Number(readFileSync(join(cwd, file), "utf8"));
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

const there = (file: string) => vi.waitFor(() => expect(existsSync(join(cwd, file))).toBe(true), 10_000);

describe("a followed process", () => {
  it("passes on its output, and its exit code", async () => {
    expect(await run("echo one; echo two >&2; printf three; exit 7")).toMatchObject({ code: 7, cut: undefined });
    expect((await run("echo one; printf two")).lines).toEqual(["one", "two"]);
  });

  it("has its line truncated if it prints a megabyte without a newline", async () => {
    const { code, lines } = await run("head -c 1000000 /dev/zero | tr '\\0' x; echo; echo after");
    expect([code, lines.length, lines[1]]).toEqual([0, 2, "after"]);
    expect(lines[0]).toMatch(/^x{8192} \[line cut\]$/);
  });

  it("is read until its timeout if it never stops printing", async () => {
    let bytes = 0;
    const { cut } = await run("yes", {
      timeoutMs: 700,
      onOutput: (_, chunk) => {
        bytes += chunk.byteLength;
      },
    });
    expect([cut, bytes > 0]).toEqual(["TIMED_OUT", true]);
  });

  it("waits while the readers of its output are behind, and loses no line", async () => {
    const readers = slowReaders();
    const running = run("seq 1 500000; touch done", { backPressure: readers.backPressure });
    await readers.behind;
    await turns(100);
    expect(existsSync(join(cwd, "done"))).toBe(false);
    readers.catchUp();
    const { code, lines } = await running;
    expect([code, lines.length, lines.every((line, at) => line === String(at + 1))]).toEqual([0, 500_000, true]);
  });

  it("is reported as ended only after its readers have received its last line", async () => {
    const readers = slowReaders();
    const ended = run("seq 1 10000; touch done", { backPressure: readers.backPressure });
    await there("done");
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    await turns(100);
    expect(isOver).toBe(false);
    readers.catchUp();
    expect((await ended).lines.length).toBe(10_000);
  });

  it.each([
    ["its time limit", "TIMED_OUT", (timeoutMs: number) => ({ timeoutMs })],
    ["an interruption", "INTERRUPTED", (ms: number) => ({ signal: AbortSignal.timeout(ms) })],
  ])("is stopped at %s even if the readers of its output never catch up", async (_, cut, limit) => {
    const { backPressure } = slowReaders();
    const ended = await run("seq 1 500000; sleep 60", { backPressure, ...limit(300) });
    expect(ended.cut).toBe(cut);
    expect(ended.lines.slice(0, -1).every((line, at) => line === String(at + 1))).toBe(true);
  });

  it("can print binary data", async () => {
    expect((await run("head -c 300000 /dev/urandom; exit 3")).code).toBe(3);
  });

  it("can close its output and continue to run", async () => {
    expect(await run("exec >&- 2>&- <&-; sleep 0.2; exit 4")).toMatchObject({ code: 4, lines: [] });
  });

  it("can leave a child behind, which is killed only if leavesNothing is set", async () => {
    expect((await run("sleep 1000 & echo $! > child")).code).toBe(0);
    process.kill(pidIn("child"), "SIGKILL");
    expect((await run("sleep 1000 & echo $! > child", { leavesNothing: true })).code).toBe(0);
    await gone(pidIn("child"));
  });

  it("is stopped with its children after its timeout", async () => {
    const { cut } = await run("sh -c 'echo $$ > child; sleep 1000' & sleep 1000", { timeoutMs: 400 });
    expect(cut).toBe("TIMED_OUT");
    await gone(pidIn("child"));
  });

  it("is killed if it ignores SIGTERM", async () => {
    const { cut } = await run("trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done", { timeoutMs: 300 });
    expect(cut).toBe("TIMED_OUT");
    await gone(pidIn("pid"));
  });

  it("has time to clean up after SIGTERM", async () => {
    await run("trap 'echo orderly > end; exit 0' TERM; while :; do sleep 0.02; done", {
      timeoutMs: 300,
      graceMs: 5_000,
    });
    expect(readFileSync(join(cwd, "end"), "utf8")).toBe("orderly\n");
  });

  it("is stopped when the run is interrupted", async () => {
    const interruption = new AbortController();
    const running = run("touch here; sleep 1000", { signal: interruption.signal });
    await there("here");
    interruption.abort();
    expect((await running).cut).toBe("INTERRUPTED");
  });

  it("is reported as disconnected when its remote is closed, and keeps running", async () => {
    const closing = new AbortController();
    const left = run("echo $$ > pid; exec sleep 1000", { closing: closing.signal });
    await there("pid");
    closing.abort();
    expect((await left).cut).toBe("DISCONNECTED");
    process.kill(pidIn("pid"), "SIGKILL");
  });

  it.each([
    ["that does not exist", ["no-such-program"], "no-such-program"],
    ["with more arguments than the system accepts", ["/bin/true", "x".repeat(3_000_000)], "E2BIG"],
  ])("%s reports why it could not be started", async (_, argv, why) => {
    const started = await startProcess(argv, { cwd, env: { PATH: "/nowhere" }, pipes: 2 });
    const { end } = await followProcess(started, { timeoutMs: 1000, graceMs: 10, onOutput: () => undefined });
    expect(end).toMatchObject({ code: 127, failure: expect.stringContaining(why) });
    expect(end.missing ?? false).toBe(why === "no-such-program");
  });
});

function gone(pid: number) {
  return vi.waitFor(() => {
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : ") Z";
    expect(stat.split(") ")[1]).toMatch(/^Z/);
  });
}
