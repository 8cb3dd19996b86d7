import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FollowOptions, follow } from "./follow.ts";
import { start } from "./start.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "maand-follow-"));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

async function run(script: string, options: Partial<FollowOptions> = {}) {
  const lines: string[] = [];
  const started = start(["sh", "-c", script], { cwd, env: { PATH: process.env.PATH ?? "" } });
  const ended = await follow(started, {
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    graceMs: 200,
    onLine: (line) => void lines.push(line),
    ...options,
  });
  return { ...ended, lines };
}

const pidIn = (file: string) => Number(readFileSync(join(cwd, file), "utf8"));
const there = (file: string) => vi.waitFor(() => expect(existsSync(join(cwd, file))).toBe(true), 10_000);

describe("a process", () => {
  it("is followed line by line, to its exit code", async () => {
    expect(await run("echo one; echo two >&2; printf three; exit 7")).toMatchObject({ code: 7, cut: undefined });
    expect((await run("echo one; printf two")).lines).toEqual(["one", "two"]);
  });

  it("that prints a megabyte without a line end is cut there", async () => {
    const { code, lines } = await run("head -c 1000000 /dev/zero | tr '\\0' x; echo; echo after");
    expect([code, lines.length, lines[1]]).toEqual([0, 2, "after"]);
    expect(lines[0]).toMatch(/^x{8192} \[line cut\]$/);
  });

  it("that prints without end is read to its end, and told up to a limit", async () => {
    const { lines, cut } = await run("yes", { timeoutMs: 700 });
    expect(cut).toBe("TIMED_OUT");
    expect(lines.length).toBeLessThanOrEqual(100_001);
  });

  it("that prints no text at all does no harm", async () => {
    expect((await run("head -c 300000 /dev/urandom; exit 3")).code).toBe(3);
  });

  it("that closes its streams is waited for all the same", async () => {
    expect(await run("exec >&- 2>&- <&-; sleep 0.2; exit 4")).toMatchObject({ code: 4, lines: [] });
  });

  it("is over when it is, and takes along what it left behind with its output", async () => {
    const { code } = await run("sleep 1000 & echo $! > child");
    expect(code).toBe(0);
    await gone(pidIn("child"));
  });

  it("that hangs is ended with all its children when its time is over", async () => {
    const { cut } = await run("sh -c 'echo $$ > child; sleep 1000' & sleep 1000", { timeoutMs: 400 });
    expect(cut).toBe("TIMED_OUT");
    await gone(pidIn("child"));
  });

  it("that does not listen to SIGTERM is killed", async () => {
    const { cut } = await run("trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done", { timeoutMs: 300 });
    expect(cut).toBe("TIMED_OUT");
    await gone(pidIn("pid"));
  });

  it("has time to put things in order", async () => {
    await run("trap 'echo orderly > end; exit 0' TERM; while :; do sleep 0.02; done", {
      timeoutMs: 300,
      graceMs: 5_000,
    });
    expect(readFileSync(join(cwd, "end"), "utf8")).toBe("orderly\n");
  });

  it("is ended when the run is interrupted", async () => {
    const interruption = new AbortController();
    const running = run("touch here; sleep 1000", { signal: interruption.signal });
    await there("here");
    interruption.abort();
    expect((await running).cut).toBe("INTERRUPTED");
  });

  it("that cannot be started says why", async () => {
    const started = start(["no-such-program"], { cwd, env: { PATH: "/nowhere" } });
    const options = { timeoutMs: 1000, signal: new AbortController().signal, graceMs: 10, onLine: () => undefined };
    expect(await follow(started, options)).toMatchObject({
      code: 127,
      failure: expect.stringContaining("no-such-program"),
    });
  });
});

function gone(pid: number) {
  return vi.waitFor(() => {
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : ") Z";
    expect(stat.split(") ")[1]).toMatch(/^Z/);
  }, 10_000);
}
