import { createHooks, isMaandError, MaandError, type Remote } from "@maand/core";
import {
  aFile,
  aJob,
  anAllocation,
  type FakeAnswer,
  type FakeRemote,
  fakeRemote,
  preflightContext,
  reconcileContext,
  rolloutContext,
  targetContext,
  validateContext,
} from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { type MakeOptions, make } from "./index.ts";

function hooksWith(options?: MakeOptions) {
  const hooks = createHooks();
  make(options).apply(hooks);
  return hooks;
}

/** Commands that ran one target: the fake serves no runner, as an older one on a worker would not. */
const alone = (remote: FakeRemote) => remote.calls.filter(({ how }) => how === "probe");

const answering = (answer: FakeAnswer) => fakeRemote({ answers: () => answer });

async function failing(remote: Remote) {
  const error = await hooksWith()
    .rollout.promise(rolloutContext({ remote, timeoutMs: 300_000 }))
    .catch((thrown: unknown) => thrown);
  if (!isMaandError(error)) throw error;
  return error;
}

it("what was removed is mended on its worker: nothing of it is in the workspace", async () => {
  const remote = fakeRemote({ answers: ({ how }) => (how === "probe" ? { code: 2 } : undefined) });
  const allocation = anAllocation({ removed: true });
  const error = await hooksWith()
    .reconcile.promise(reconcileContext({ remote, allocation, action: { kind: "stop" } }))
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "COMMAND_FAILED",
    hint: expect.stringMatching(
      /^mend target stop in \/.*\/jobs\/api\/Makefile on 10\.0\.0\.1, or put back workspace\/jobs\/api /,
    ),
  });
});

it("a target the Makefile has not is named as that", async () => {
  const said = "make: *** No rule to make target 'restart'.  Stop.";
  const remote = fakeRemote({ answers: ({ how }) => (how === "probe" ? { code: 2, stderr: `${said}\n` } : undefined) });
  const error = await hooksWith()
    .rollout.promise(rolloutContext({ remote, action: { kind: "restart" } }))
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "COMMAND_FAILED",
    message: "the Makefile of api on 10.0.0.1 has no target restart",
    hint: expect.stringContaining("workspace/jobs/api/Makefile"),
  });
});

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

  it("is run as root, with the lifecycle environment, and can be ended by a word", async () => {
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

  it("leaves the runner time to end what it started, before the connection gives up", async () => {
    const remote = fakeRemote();
    await hooksWith().rollout.promise(rolloutContext({ remote, timeoutMs: 1_500 }));
    const { timeoutMs = 0, graceMs = 0 } = alone(remote)[0]?.options ?? {};
    expect(alone(remote)[0]?.line).toContain("--timeout 1.5");
    expect(timeoutMs - 1_500).toBeGreaterThan(5_000);
    expect(graceMs).toBeGreaterThan(5_000);
  });

  it("says what make says, line by line", async () => {
    const context = rolloutContext({ remote: answering({ stdout: "one\ntwo\n", stderr: "oh\n" }) });
    await hooksWith().rollout.promise(context);
    expect(context.output).toEqual([
      { line: "one", stream: "stdout" },
      { line: "two", stream: "stdout" },
      { line: "oh", stream: "stderr" },
    ]);
  });

  it("needs no Python on a local worker", async () => {
    const remote = fakeRemote({ transport: "local", root: "/bucket/data/local/w/bucket" });
    await hooksWith({ program: "gmake" }).rollout.promise(rolloutContext({ remote }));
    expect(alone(remote)[0]?.argv.slice(0, 2)).toEqual([
      process.execPath,
      "/bucket/data/local/w/bucket/bin/runner.mjs",
    ]);
    expect(alone(remote)[0]?.argv.slice(-2)).toEqual(["--program", "gmake"]);
  });
});

describe("a leaving allocation", () => {
  it("is stopped", async () => {
    const remote = fakeRemote();
    expect(await hooksWith().reconcile.promise(reconcileContext({ remote }))).toBe("done");
    expect(alone(remote)[0]?.line).toContain("bucket stop --jobs api");
  });

  it("is removed by somebody else", async () => {
    const remote = fakeRemote();
    const context = reconcileContext({ remote, action: { kind: "remove" } });
    expect(await hooksWith().reconcile.promise(context)).toBeUndefined();
    expect(remote.calls).toEqual([]);
  });
});

it("runs any target by hand", async () => {
  const remote = fakeRemote();
  expect(await hooksWith().target.promise(targetContext({ remote, target: "migrate" }))).toBe("done");
  expect(alone(remote)[0]?.line).toContain("bucket migrate --jobs api");
});

describe("a failure", () => {
  it("tells what, where, the exit code, the last lines and what to try", async () => {
    const stdout = Array.from({ length: 20 }, (_, at) => `line ${at}\n`).join("");
    const error = await failing(answering({ code: 2, stdout, stderr: "make: *** [restart] Error 1\n" }));
    expect(error).toMatchObject({
      code: "COMMAND_FAILED",
      message: "make restart of api on 10.0.0.1 failed with exit code 2",
      worker: "10.0.0.1",
      exit: 2,
    });
    expect(error.output).toHaveLength(12);
    expect(error.output.slice(-2)).toEqual(["line 19", "make: *** [restart] Error 1"]);
    expect(error.hint).toContain("maand job run api --target restart --allocations 10.0.0.1");
  });

  it("of time is TIMED_OUT", async () => {
    expect(await failing(answering({ code: 124 }))).toMatchObject({
      code: "TIMED_OUT",
      message: "make restart of api on 10.0.0.1 timed out after 300 s",
    });
  });

  it.each([
    ["TIMED_OUT", "make restart of api on 10.0.0.1 timed out after 300 s"],
    ["INTERRUPTED", "make restart of api on 10.0.0.1 was interrupted"],
    ["DISCONNECTED", "the connection closed during make restart of api on 10.0.0.1"],
    ["UNREACHABLE", "as the remote says"],
  ] as const)("of the remote, %s, is told in our words if the command had begun", async (code, message) => {
    const throwing = () => {
      throw new MaandError({ code, message: "as the remote says" });
    };
    expect(await failing(fakeRemote({ answers: throwing }))).toMatchObject({ code, message });
  });

  it("by an interruption is INTERRUPTED", async () => {
    expect(await failing(answering({ code: 130 }))).toMatchObject({ code: "INTERRUPTED" });
  });

  it("for want of the job says to deploy", async () => {
    expect(await failing(answering({ code: 3 }))).toMatchObject({
      code: "COMMAND_FAILED",
      hint: "run maand deploy first",
    });
  });
});

describe("before a worker is touched", () => {
  it("asks for make and python3", async () => {
    const context = preflightContext();
    await hooksWith().preflight.promise(context);
    expect(context.tools).toEqual(["make", "python3"]);
  });

  it("asks a local worker for make only", async () => {
    const context = preflightContext({ remote: fakeRemote({ transport: "local" }) });
    await hooksWith({ program: "gmake" }).preflight.promise(context);
    expect(context.tools).toEqual(["gmake"]);
  });
});

describe("a job", () => {
  const problemsOf = async (...paths: string[]) => {
    const jobs = [aJob({ files: paths.map((path) => aFile({ path })) })];
    const context = validateContext({ jobs, read: () => Buffer.from("start stop restart:\n") });
    await hooksWith().validate.promise(context);
    return context.problems;
  };

  it.each(["Makefile", "Makefile.tpl"])("is fine with %s", async (path) => {
    expect(await problemsOf(path)).toEqual([]);
  });

  it("without a Makefile is refused", async () => {
    expect(await problemsOf("deploy/Makefile")).toMatchObject([
      { code: "missing_makefile", where: "workspace/jobs/api/Makefile", level: "error" },
    ]);
  });

  it("that another plugin runs needs none", async () => {
    const context = validateContext({ jobs: [aJob({ files: [] })], runBy: () => "systemd" });
    await hooksWith().validate.promise(context);
    expect(context.problems).toEqual([]);
  });

  it("is told how to spell it", async () => {
    expect(await problemsOf("makefile")).toMatchObject([{ hint: "rename makefile to Makefile" }]);
  });
});

it("brings both runners along", () => {
  expect(Object.keys(make().workerFiles ?? {})).toEqual(["runner.py", "runner.mjs"]);
});
