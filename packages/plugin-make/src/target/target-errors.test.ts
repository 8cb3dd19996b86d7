import { isMaandError, MaandError, type Remote } from "@maand/core";
import { createHooks } from "@maand/core/internal";
import { anAllocation, type FakeAnswer, fakeRemote, reconcileContext, rolloutContext } from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { make } from "../index.ts";

function hooksWith() {
  const hooks = createHooks();
  void make().apply(hooks);
  return hooks;
}

const answering = (answer: FakeAnswer) => fakeRemote({ answers: ({ how }) => (how === "probe" ? answer : undefined) });

async function failing(remote: Remote, kind: "restart" | "stop" = "restart") {
  const error = await hooksWith()
    .rollout.promise(rolloutContext({ remote, timeoutMs: 300_000, action: { kind } }))
    .catch((thrown: unknown) => thrown);
  if (!isMaandError(error)) throw error;
  return error;
}

it("the hint for a removed job is to fix its Makefile on the worker", async () => {
  const remote = fakeRemote({ answers: ({ how }) => (how === "probe" ? { code: 2 } : undefined) });
  const allocation = anAllocation({ removed: true });
  const error = await hooksWith()
    .reconcile.promise(reconcileContext({ remote, allocation, action: { kind: "stop" } }))
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "COMMAND_FAILED",
    hint: expect.stringMatching(
      /^fix target stop in \/.*\/jobs\/api\/Makefile on 10\.0\.0\.1, then run maand deploy; or restore workspace\/jobs\/api .*maand deploy --build$/,
    ),
  });
});

it("the error names a target that the Makefile does not have", async () => {
  const printed = "make: *** No rule to make target 'restart'.  Stop.";
  const remote = fakeRemote({
    answers: ({ how }) => (how === "probe" ? { code: 2, stderr: `${printed}\n` } : undefined),
  });
  const error = await hooksWith()
    .rollout.promise(rolloutContext({ remote, action: { kind: "restart" } }))
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "COMMAND_FAILED",
    message: "the Makefile of api on 10.0.0.1 has no target restart",
    hint: expect.stringContaining("workspace/jobs/api/Makefile"),
  });
});

describe("an error", () => {
  it("reports the action, the worker, the exit code, the last lines and a hint", async () => {
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

  it("after the timeout is TIMED_OUT", async () => {
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
  ] as const)("of the remote (%s) names the command if the command had started", async (code, message) => {
    const throwing = () => {
      throw new MaandError({ code, message: "as the remote says" });
    };
    expect(await failing(fakeRemote({ answers: throwing }))).toMatchObject({ code, message });
  });

  it("after an interruption is INTERRUPTED", async () => {
    expect(await failing(answering({ code: 130 }))).toMatchObject({ code: "INTERRUPTED" });
  });

  it("for a missing job is NOT_DELIVERED, with the hint to deploy", async () => {
    expect(await failing(answering({ code: 3 }))).toMatchObject({
      code: "NOT_DELIVERED",
      hint: expect.stringMatching(/^run maand deploy --verify --jobs /),
    });
  });

  it("for a stop without files is NOT_DELIVERED, and names the directory", async () => {
    expect(await failing(answering({ code: 3 }), "stop")).toMatchObject({
      code: "NOT_DELIVERED",
      message: "api on 10.0.0.1 was not stopped: no Makefile in /opt/worker/bucket/jobs/api",
      hint: expect.stringContaining("if worker_root was changed, restore it in maand.conf"),
    });
  });

  it("for a target that make would skip explains why, and what to write", async () => {
    const stderr = "runner: api: its Makefile names restart in .PHONY and has no rule for it\n";
    expect(await failing(answering({ code: 4, stderr }))).toMatchObject({
      code: "COMMAND_FAILED",
      message:
        "target restart of api on 10.0.0.1 would do nothing: its Makefile names restart in .PHONY and has no rule for it",
      hint: "write a rule for restart in workspace/jobs/api/Makefile, then run maand deploy --build",
    });
  });

  it("for a worker without make names the worker", async () => {
    expect(await failing(answering({ code: 127, stderr: "make: No such file or directory\n" }))).toMatchObject({
      code: "WORKER_LACKS",
      message: "10.0.0.1 cannot run make: No such file or directory",
      hint: "install it on 10.0.0.1",
    });
  });
});

describe("a worker on which the runner cannot start", () => {
  it.each([
    ["sudo: python3: command not found", "10.0.0.1 lacks python3", "install it on 10.0.0.1"],
    ["sh: 1: exec: python3: not found", "10.0.0.1 lacks python3", "install it on 10.0.0.1"],
    ["env: 'python3': No such file or directory", "10.0.0.1 lacks python3", "install it on 10.0.0.1"],
    ["runner: this is Python 3.6.8", "python3 on 10.0.0.1 is 3.6.8", "install Python 3.7 or newer on 10.0.0.1"],
  ])("(%s) is reported with a hint", async (stderr, message, hint) => {
    const remote = fakeRemote({ answers: () => ({ code: 127, stderr: `${stderr}\n` }) });
    expect(await failing(remote)).toMatchObject({ code: "WORKER_LACKS", message, hint });
    expect(remote.calls.map(({ how }) => how)).toEqual(["stream"]);
  });
});
