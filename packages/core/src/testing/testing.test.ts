import { describe, expect, it } from "vitest";
import { createHooks } from "../hooks.ts";
import {
  aJob,
  anAllocation,
  aWorker,
  batchContext,
  commitContext,
  connectContext,
  controlContext,
  fakeRemote,
  preflightContext,
  reconcileContext,
  recordEvents,
  renderContext,
  rolloutContext,
  stageContext,
  targetContext,
  verifyContext,
} from "./index.ts";

describe("a fake remote", () => {
  it("remembers what it was asked and answers by the longest beginning", async () => {
    const remote = fakeRemote({ answers: { make: { code: 1 }, "make -v": { stdout: "GNU Make 4.3\n" } } });
    expect(await remote.probe(["make", "-v"])).toMatchObject({ code: 0, stdout: "GNU Make 4.3\n" });
    expect(await remote.probe(["make", "start"], { asRoot: true })).toMatchObject({ code: 1 });
    expect(remote.lines).toEqual(["make -v", "make start"]);
    expect(remote.calls[1]).toMatchObject({ how: "probe", argv: ["make", "start"], options: { asRoot: true } });
  });

  it("keeps the contract of a real one", async () => {
    const remote = fakeRemote({ answers: () => ({ code: 2, stderr: "no\n" }) });
    await expect(remote.exec(["make"])).rejects.toMatchObject({ code: "COMMAND_FAILED", exit: 2, output: ["no"] });
    const signal = AbortSignal.abort();
    await expect(remote.probe(["make"], { signal })).rejects.toMatchObject({ code: "INTERRUPTED" });
    const lines: string[] = [];
    await remote.probe(["make"], { onLine: (line, stream) => lines.push(`${stream} ${line}`) });
    expect(lines).toEqual(["stderr no"]);
  });
});

describe("a context", () => {
  it("is about one allocation, and stays about it when a part is changed", () => {
    const { remote, worker, allocation, directory, env } = rolloutContext({
      job: aJob({ name: "db", version: "2.0.0" }),
      worker: aWorker({ host: "10.0.0.7" }),
    });
    expect([remote.host, worker.host, allocation.host, allocation.job]).toEqual([
      "10.0.0.7",
      "10.0.0.7",
      "10.0.0.7",
      "db",
    ]);
    expect(directory).toBe("/opt/worker/bucket/jobs/db");
    expect(env).toMatchObject({ JOB: "db", NEW_VERSION: "2.0.0", WORKER_IP: "10.0.0.7" });
  });

  it("asks only active allocations for their health", () => {
    const allocations = [anAllocation(), anAllocation({ host: "10.0.0.2", disabled: true })];
    expect(verifyContext({ allocations }).active).toEqual([allocations[0]]);
  });

  it("fits its hook", async () => {
    const hooks = createHooks();
    await hooks.connect.promise(connectContext());
    await hooks.preflight.promise(preflightContext());
    await hooks.render.promise({ files: [] }, renderContext());
    await hooks.reconcile.promise(reconcileContext());
    await hooks.stage.promise(stageContext());
    await hooks.control.promise(controlContext());
    await hooks.started.promise(batchContext());
    await hooks.target.promise(targetContext());
    await hooks.commit.promise(commitContext());
  });

  it("hears what a tap says", async () => {
    const hooks = createHooks();
    hooks.rollout.tap("words", (context) => {
      context.log("hello", { stream: "stdout" });
      return "done";
    });
    const context = rolloutContext();
    expect(await hooks.rollout.promise(context)).toBe("done");
    expect(context.said).toEqual([{ line: "hello", stream: "stdout" }]);
  });
});

it("keeps the events that came by", () => {
  const hooks = createHooks();
  const record = recordEvents(hooks);
  const base = { seq: 1, at: "2024-01-01T00:00:00.000Z", run: "run" };
  hooks.event.call({ ...base, type: "health.started", job: "api" });
  hooks.event.call({ ...base, type: "job.skipped", job: "db", reason: "nothing changed" });
  expect(record.types).toEqual(["health.started", "job.skipped"]);
  expect(record.of("job.skipped").map(({ reason }) => reason)).toEqual(["nothing changed"]);
});
