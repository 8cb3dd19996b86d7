import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { type Program, runProgram } from "./run-program.ts";

const run = (script: string, more: Partial<Program> = {}) =>
  runProgram({ argv: ["sh", "-c", script], cwd: "/", limitMs: 60_000, mostBytes: 1000, ...more });

it("runProgram passes input and environment to a program, and returns the output", async () => {
  const { code, failure, stdout, stderr } = await run('read -r line; echo "$line $NAME"; echo problem >&2; exit 3', {
    input: "hello\n",
    env: { PATH: process.env.PATH, NAME: "world", GONE: undefined },
  });
  expect([code, failure, String(stdout), stderr]).toEqual([3, undefined, "hello world\n", "problem\n"]);
});

it.each([
  { onTerminal: false, limitMs: 60_000 },
  { onTerminal: true, limitMs: 60_000 },
])("runProgram does not wait for child processes that keep the output open: %o", async (more) => {
  const { code, stdout } = await run("sleep 1000 & echo $!", more);
  expect(code).toBe(0);
  const pid = Number(String(stdout));
  if (more.onTerminal) process.kill(pid, "SIGKILL");
  else await expect.poll(() => isRunning(pid)).toBe(false);
});

/** Whether a process exists and is not a zombie. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

it.each<[string, Partial<Program>, string]>([
  ["exec sleep 1000", { limitMs: 100 }, "did not end within 0.1 s"],
  ["trap '' TERM; while :; do sleep 0.05; done", { limitMs: 100 }, "did not end within 0.1 s"],
  ["exec sleep 1000", { limitMs: 100, onTerminal: true }, "did not end within 0.1 s"],
  ["exec sleep 1000", { signal: AbortSignal.abort() }, "was interrupted"],
  ["exec yes", {}, "printed more than 1000 bytes"],
  ["kill -TERM $$", {}, "was stopped by SIGTERM"],
  [":", { argv: ["no-such-program"] }, "cannot be started: there is no such program"],
  [":", { argv: ["/"] }, "cannot be started: "],
])("runProgram reports why a program failed: %s with %o %s", async (script, more, how) => {
  const { code, failure, missing } = await run(script, more);
  expect(failure).toContain(how);
  expect([code, missing]).toEqual([undefined, how.endsWith("no such program")]);
});
