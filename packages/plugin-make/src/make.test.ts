import { createHooks } from "@maand/core/internal";
import {
  type FakeRemote,
  fakeRemote,
  preflightContext,
  reconcileContext,
  rolloutContext,
  targetContext,
} from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { type MakeOptions, make } from "./index.ts";

function hooksWith(options?: MakeOptions) {
  const hooks = createHooks();
  make(options).apply(hooks);
  return hooks;
}

/** Commands that ran one target each: the fake serves no requests. */
const alone = (remote: FakeRemote) => remote.calls.filter(({ how }) => how === "probe");

describe("an action", () => {
  it.each(["start", "restart", "reload"] as const)(
    "%s runs the target of that name through the runner",
    async (kind) => {
      const remote = fakeRemote();
      expect(await hooksWith().rollout.promise(rolloutContext({ remote, action: { kind } }))).toBe("done");
      expect(alone(remote)[0]?.argv).toEqual([
        ..."python3 -I -S /opt/worker/bucket/bin/runner.py bucket".split(" "),
        ...[kind, "--jobs", "api", "--timeout", "300"],
      ]);
    },
  );

  it("runs as root with the lifecycle environment, and can be stopped with the word `end`", async () => {
    const remote = fakeRemote();
    const context = rolloutContext({ remote });
    await hooksWith().rollout.promise(context);
    expect(alone(remote)[0]?.options).toMatchObject({
      asRoot: true,
      stopWord: "end\n",
      env: { CURRENT_VERSION: "1.0.0", NEW_VERSION: "1.0.0", JOB: "api", WORKER_IP: "10.0.0.1" },
      signal: context.signal,
    });
  });

  it("gives the runner time to end its commands before the connection times out", async () => {
    const remote = fakeRemote();
    await hooksWith().rollout.promise(rolloutContext({ remote, timeoutMs: 1_500 }));
    const { timeoutMs = 0, graceMs = 0 } = alone(remote)[0]?.options ?? {};
    expect(alone(remote)[0]?.line).toContain("--timeout 1.5");
    expect(timeoutMs - 1_500).toBeGreaterThan(5_000);
    expect(graceMs).toBeGreaterThan(5_000);
  });

  it("logs what make prints, line by line", async () => {
    const context = rolloutContext({
      remote: fakeRemote({ answers: () => ({ stdout: "one\ntwo\n", stderr: "oh\n" }) }),
    });
    await hooksWith().rollout.promise(context);
    expect(context.output).toEqual([
      { line: "one", stream: "stdout" },
      { line: "two", stream: "stdout" },
      { line: "oh", stream: "stderr" },
    ]);
  });

  it("uses the same runner on a local worker", async () => {
    const remote = fakeRemote({ transport: "local", root: "/bucket/data/local/w/bucket" });
    await hooksWith({ program: "gmake" }).rollout.promise(rolloutContext({ remote }));
    const { argv = [] } = alone(remote)[0] ?? {};
    expect(argv[0]).toMatch(/python3$/);
    expect(argv).toContain("/bucket/data/local/w/bucket/bin/runner.py");
    expect(argv.slice(-2)).toEqual(["--program", "gmake"]);
  });
});

describe("a disabled or removed allocation", () => {
  it("is stopped with the target stop", async () => {
    const remote = fakeRemote();
    expect(await hooksWith().reconcile.promise(reconcileContext({ remote }))).toBe("done");
    expect(alone(remote)[0]?.line).toContain("bucket stop --jobs api");
  });

  it("has its files deleted by another plugin", async () => {
    const remote = fakeRemote();
    const context = reconcileContext({ remote, action: { kind: "remove" } });
    expect(await hooksWith().reconcile.promise(context)).toBeUndefined();
    expect(remote.calls).toEqual([]);
  });
});

it("a manual command can run any target", async () => {
  const remote = fakeRemote();
  expect(await hooksWith().target.promise(targetContext({ remote, target: "migrate" }))).toBe("done");
  expect(alone(remote)[0]?.line).toContain("bucket migrate --jobs api");
});

describe("the make plugin", () => {
  it("requires make and python3 on a worker", async () => {
    const context = preflightContext();
    await hooksWith().preflight.promise(context);
    expect(context.tools).toEqual(["make", "python3"]);
  });

  it("requires the same programs on a local worker, with the configured make", async () => {
    const context = preflightContext({ remote: fakeRemote({ transport: "local" }) });
    await hooksWith({ program: "gmake" }).preflight.promise(context);
    expect(context.tools).toEqual(["gmake", "python3"]);
  });
});

it("the make plugin delivers one complete runner to every worker", () => {
  const { "runner.py": program = "", ...others } = make().workerFiles ?? {};
  expect(others).toEqual({});
  expect(program).toMatch(/^"""Runs targets of jobs' Makefiles on this worker/);
  expect(program).toMatch(/^if __name__ == "__main__":$/m);
});
