import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, type TestContext } from "vitest";
import { processStream } from "./process-stream.ts";

function aProcess({ onTestFinished }: TestContext, script: string): ChildProcessWithoutNullStreams {
  const child = spawn("sh", ["-c", script]);
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stdin.on("error", () => {});
  return child;
}

describe("the stream of a process", () => {
  it("returns the last output even if the process ended before it was read", async (context) => {
    const child = aProcess(context, "echo first; read line; echo last");
    const io = processStream(child.stdout, child.stdin);
    io.write("go on\n");
    await once(child, "exit");
    await turn();
    let text = "";
    for await (const chunk of io) text += chunk;
    expect(text).toBe("first\nlast\n");
  });

  it("returns everything to a slow reader", async (context) => {
    const child = aProcess(context, "head -c 1000000 /dev/zero");
    const io = processStream(child.stdout, child.stdin);
    let bytes = 0;
    for await (const chunk of io) {
      bytes += chunk.length;
      await turn();
    }
    expect(bytes).toBe(1_000_000);
  });

  it("passes input on, and ends the input", async (context) => {
    const child = aProcess(context, "cat");
    const io = processStream(child.stdout, child.stdin);
    io.end("input\n");
    let text = "";
    for await (const chunk of io) text += chunk;
    expect(text).toBe("input\n");
  });

  it("ends if the process closes its output, and closes if the process ends", async (context) => {
    const child = aProcess(context, "echo all; exec >&-; read line");
    const io = processStream(child.stdout, child.stdin);
    io.resume();
    await once(io, "end");
    expect(child.exitCode).toBe(null);
    child.kill("SIGKILL");
    await once(io, "close");
  });

  it("accepts and drops input after the process ended", async (context) => {
    const child = aProcess(context, "exit 0");
    const io = processStream(child.stdout, child.stdin);
    await once(child, "exit");
    await new Promise<void>((taken) => io.write("too late\n", () => taken()));
    expect(io.errored).toBe(null);
  });

  it("closes the process's streams if it is destroyed", async (context) => {
    const child = aProcess(context, "cat");
    const io = processStream(child.stdout, child.stdin);
    io.destroy();
    await once(io, "close");
    expect([child.stdin.destroyed, child.stdout.destroyed]).toEqual([true, true]);
  });
});
