import { execFileSync } from "node:child_process";
import { PassThrough, Readable } from "node:stream";
import { slowReaders } from "@maand/core/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { workerFiles } from "../runner-program.ts";
import { RunnerClient } from "./runner-client.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("the client reports each interval to its runner that a reader is behind", async () => {
  const sent: string[] = [];
  const output = new PassThrough();
  const io = Object.assign(output, { write: (text: string) => void sent.push(text) });
  const push = (text: string) => new Promise((resolve) => output.push(text) && process.nextTick(resolve));
  const exit = new Promise<null>(() => {});
  const client = new RunnerClient({ io, stderr: Readable.from([]), exit, destroy: () => {} }, Buffer.alloc(0));
  const readers = slowReaders();
  await push("maand-runner 1\n0 out 2\n\0\0");
  await client.ready;
  client.request({ target: "start", job: "api", timeout: 300, env: {} }, () => {}, readers.backPressure);
  sent.length = 0;
  await push("1 out 3\none");
  expect(output.isPaused()).toBe(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toEqual(Array(3).fill('{"id":0,"behind":true}\n'));
  readers.catchUp();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent.length).toBe(3);
  expect(output.isPaused()).toBe(false);
});

it("the runner does not treat a reader as disconnected while the client reports that the reader is behind", () => {
  const program = (workerFiles()["runner.py"] ?? "").replace('if __name__ == "__main__":', "if False:");
  const check = `
output = Output(1)
output.push(b"waits for a reader")
output.taken -= 59
early = output.stalls_at()
take_line(b'{"id": 0, "behind": true}', type("Loop", (), {"calls": []}), output, "")
print("kept" if output.stalls_at() - early >= 59 else "given up")
`;
  expect(execFileSync("python3", ["-"], { input: `${program}${check}` }).toString()).toBe("kept\n");
});
