import type { ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Duplex, Readable } from "node:stream";
import type { Remote } from "@maand/core";
import { fakeRemote, preflightContext } from "@maand/core/testing";
import { recordReaderOf } from "@maand/core/toolbox";
import { expect, it, type TestContext, vi } from "vitest";
import { Cutoff } from "./cutoff.ts";
import { offerRecord } from "./read-record.ts";
import { aWorker } from "./runner.test.support.ts";
import { RunnerClient } from "./runner-client.ts";
import { RunnerPool } from "./runner-pool.ts";

const RECORD = '3 aaaaaaaa\n{"command":"deploy"}\n';

/** A worker with a real runner behind each channel, and the record of a deploy. */
function aRecordedWorker(context: TestContext) {
  const worker = aWorker(context);
  writeFileSync(join(worker.root, "fence"), RECORD, { mode: 0o600 });
  writeFileSync(join(worker.root, "worker.json"), '{"labels":["ü"]}');
  const channels: ChildProcess[] = [];
  const remote: Remote = {
    ...fakeRemote({ root: worker.root, transport: "local" }),
    async stream() {
      const { process, stream } = worker.channel();
      channels.push(process);
      return stream;
    },
  };
  const pool = new RunnerPool("make");
  const preflight = preflightContext({ remote });
  offerRecord(preflight, pool);
  return {
    ...worker,
    channels,
    read: async () => recordReaderOf(remote)?.(),
    /** Runs a target as `maand job` does. */
    async restart() {
      const runner = await pool.ready(remote, preflight.bucket.id, new Cutoff(preflight.signal), 60_000);
      if (!(runner instanceof RunnerClient)) throw new Error("no runner");
      return runner.request({ target: "restart", job: "api", timeout: 60, env: {} }, () => {}).ended;
    },
  };
}

it("the record of a worker arrives with the greeting of the runner that runs the next target", async (context) => {
  const worker = aRecordedWorker(context);
  expect(await worker.read()).toEqual({ fence: RECORD, workerJson: '{"labels":["ü"]}' });
  expect(await worker.restart()).toBe(0);
  expect(worker.order()).toEqual(["api"]);
  expect(worker.channels).toHaveLength(1);
});

it("the record is not read from the greeting of a runner that is already running", async (context) => {
  const worker = aRecordedWorker(context);
  await worker.restart();
  expect(await worker.read()).toBeUndefined();
  expect(worker.channels).toHaveLength(1);
});

it("the record is not read if no runner can be started", async (context) => {
  const preflight = preflightContext({ remote: fakeRemote() }); // it serves no requests
  offerRecord(preflight, new RunnerPool("make"));
  expect(await recordReaderOf(preflight.remote)?.()).toBeUndefined();
  context.expect(recordReaderOf(fakeRemote())).toBeUndefined();
});

it("the greeting contains a long worker.json completely, and is empty for a missing one", async (context) => {
  const worker = aWorker(context);
  const greeted = async () => {
    const { client } = worker.serve();
    expect(await client.ready).toBe(true);
    return [client.fenceText, client.workerJson];
  };
  expect(await greeted()).toEqual(["", ""]);
  const long = JSON.stringify({ labels: Array.from({ length: 50_000 }, (_, at) => `labél-${at}`) });
  writeFileSync(join(worker.root, "worker.json"), long);
  expect(await greeted()).toEqual(["", long]);
  writeFileSync(join(worker.root, "worker.json"), "{\0}");
  expect(await greeted()).toEqual(["", "{?}"]);
});

it("the greeting contains an empty string if worker.json is a directory", async (context) => {
  const worker = aWorker(context);
  mkdirSync(join(worker.root, "worker.json"));
  const { client } = worker.serve();
  expect(await client.ready).toBe(true);
  expect(client.workerJson).toBe("");
});

it("a runner that was started to read a record closes if no request follows", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const [idle, busy] = [aClient(), aClient()];
    for (const { client } of [idle, busy]) client.rest();
    busy.client.request({ settled: {} }, () => {});
    vi.advanceTimersByTime(60_000);
    expect([idle.client.open, idle.io.writableEnded]).toEqual([false, true]);
    expect([busy.client.open, busy.io.writableEnded]).toEqual([true, false]);
  } finally {
    vi.useRealTimers();
  }
});

/** A client whose runner never responds. */
function aClient() {
  const io = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const stream = { io, stderr: new Readable({ read() {} }), exit: new Promise<null>(() => {}), destroy() {} };
  return { io, client: new RunnerClient(stream, Buffer.alloc(0)) };
}
