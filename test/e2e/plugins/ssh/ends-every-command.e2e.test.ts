import type { MaandError } from "@maand/core";
import { beforeAll, describe, expect, test } from "vitest";
import { type FleetWorker, until } from "../../../support/fleet/index.ts";
import { failure, useFleet } from "../../../support/fleet/use-fleet.ts";

const { fleet, remotes } = useFleet(1);
let worker: FleetWorker;
beforeAll(() => {
  [worker] = fleet().workers as [FleetWorker];
});

describe("every command ends", () => {
  test.each([true, false])("at its timeout, including on the worker (as root: %s)", async (asRoot) => {
    const remote = await remotes().connect(worker);
    const argv = ["sh", "-c", "echo begun; sleep 61 & sleep 62; :"];
    const error = await failure(remote.exec(argv, { asRoot, timeoutMs: 1_000 }));
    expect(error).toMatchObject({ code: "TIMED_OUT", worker: worker.host, output: ["begun"] });
    expect(error.message).toContain("timed out after 1 s");
    await until("both processes to end", () => worker.processesWith("sleep 6").length === 0);
  });

  test("by SIGKILL if it ignores SIGTERM", async () => {
    const remote = await remotes().connect(worker);
    const stubborn = ["sh", "-c", "trap '' TERM; echo stubborn; while :; do sleep 0.1; done"];
    const error = await failure(remote.exec(stubborn, { timeoutMs: 500, graceMs: 3_000, asRoot: true }));
    expect(error.code).toBe("TIMED_OUT");
    await until("the command to end", () => worker.processesWith("echo stubborn").length === 0);
  });

  test.each([true, false])("when it is interrupted, including on the worker (as root: %s)", async (asRoot) => {
    const remote = await remotes().connect(worker);
    const interrupt = new AbortController();
    const lines: string[] = [];
    const onLine = (line: string) => {
      lines.push(line);
      interrupt.abort();
    };
    const running = remote.exec(["sh", "-c", "echo begun >&2; sleep 63"], { asRoot, signal: interrupt.signal, onLine });
    expect(await failure(running)).toMatchObject({ code: "INTERRUPTED" });
    expect(lines).toEqual(["begun"]);
    expect(worker.processesWith("sleep 63")).toEqual([]);
    expect(await failure(remote.exec(["true"], { signal: interrupt.signal }))).toMatchObject({ code: "INTERRUPTED" });
    expect((await remote.exec(["echo", "still here"])).stdout).toBe("still here\n");
  });

  test("after its stop word is sent, and its input stays open until then", async () => {
    const remote = await remotes().connect(worker);
    const interrupt = new AbortController();
    const lines: string[] = [];
    const onLine = (line: string) => {
      lines.push(line);
      if (line === "begun") interrupt.abort();
    };
    const argv = ["sh", "-c", "read given; echo begun; read word; echo got $given $word"];
    const options = { stdin: "input\n", stopWord: "stop\n", signal: interrupt.signal, onLine, asRoot: true };
    expect(await failure(remote.exec(argv, options))).toMatchObject({ code: "INTERRUPTED" });
    expect(lines).toEqual(["begun", "got input stop"]);
    const late = await failure(
      remote.exec(["sh", "-c", "read word; echo $word"], { stopWord: "end\n", timeoutMs: 300 }),
    );
    expect(late).toMatchObject({ code: "TIMED_OUT", output: ["end"] });
  });

  test("when it is interrupted while it waits for a channel", async () => {
    const remote = await remotes({ channels: 1 }).connect(worker);
    const interrupt = new AbortController();
    const first = remote.exec(["cat"], { stopWord: "", timeoutMs: 300 });
    const waiting = remote.exec(["true"], { signal: interrupt.signal });
    interrupt.abort();
    expect(await failure(waiting)).toMatchObject({ code: "INTERRUPTED" });
    expect(await failure(first)).toMatchObject({ code: "TIMED_OUT" });
  });

  test("on a stopped worker after its timeout, and the next command fails with UNREACHABLE in bounded time", async () => {
    const remote = await remotes().connect(worker, {
      settings: { timeouts: { connectMs: 700, commandMs: 9_000, tapMs: 900_000 } },
    });
    const begun = new Promise<void>((resolve) => {
      const running = remote.exec(["sh", "-c", "echo begun; sleep 64"], {
        timeoutMs: 500,
        graceMs: 200,
        onLine: () => {
          worker.freeze();
          resolve();
        },
      });
      running.catch(() => {});
      void running;
      ended = failure(running);
    });
    await begun;
    try {
      expect(await ended).toMatchObject({ code: "TIMED_OUT" });
      const next = await failure(remote.exec(["true"]));
      expect(next).toMatchObject({ code: "UNREACHABLE", worker: worker.host });
      expect(next.message).toContain("0.7 s");
    } finally {
      worker.thaw();
    }
    await remote.close();
  });
  let ended: Promise<MaandError>;

  test("with DISCONNECTED when keepalives detect a stopped worker", async () => {
    const remote = await remotes({ keepaliveSeconds: 0.1 }).connect(worker);
    const running = remote.exec(["sh", "-c", "echo begun; sleep 65"], { onLine: () => worker.freeze() });
    try {
      expect(await failure(running)).toMatchObject({ code: "DISCONNECTED" });
    } finally {
      worker.thaw();
    }
    await worker.run(["pkill", "-f", "sleep 65"]);
  });

  test("when the connection is closed, even if it is closed twice", async () => {
    const remote = await remotes().connect(worker);
    const begun = new Promise<void>((resolve) => {
      ended = failure(remote.exec(["sh", "-c", "echo begun; sleep 66"], { onLine: () => resolve() }));
    });
    await begun;
    await Promise.all([remote.close(), remote.close()]);
    await remote.close();
    expect(await ended).toMatchObject({ code: "DISCONNECTED" });
    expect(await failure(remote.exec(["true"]))).toMatchObject({ code: "UNREACHABLE" });
    await worker.run(["pkill", "-f", "sleep 66"]);
  });
});

describe("a lost connection", () => {
  test("during a command makes the command fail with DISCONNECTED, and does not repeat it", async () => {
    const remote = await remotes().connect(worker);
    const running = remote.exec(["sh", "-c", "echo once >> /opt/worker/once; echo begun; sleep 67"], {
      asRoot: true,
      onLine: () => void worker.dropConnections(),
    });
    const error = await failure(running);
    expect(error).toMatchObject({ code: "DISCONNECTED", worker: worker.host });
    await remote.exec(["true"]);
    expect(await worker.read("/opt/worker/once")).toBe("once\n");
    await worker.run(["pkill", "-f", "sleep 67"]);
  });

  test("between commands is replaced by one new connection, even for many parallel commands", async () => {
    const remote = await remotes().connect(worker);
    await worker.dropConnections();
    const before = worker.connections();
    await Promise.all(Array.from({ length: 12 }, () => remote.exec(["true"])));
    expect(worker.connections()).toBe(before + 1);
  });

  test("to an unreachable worker makes commands fail with UNREACHABLE until the worker can be reached again", async () => {
    const remote = await remotes().connect(worker);
    await worker.cutOff();
    expect(await failure(remote.exec(["true"]))).toMatchObject({ code: "UNREACHABLE" });
    await worker.start();
    await remote.exec(["true"]);
  });
});
