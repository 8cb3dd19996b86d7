import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runReporter } from "../bucket/bucket.ts";
import { MaandError } from "../errors.ts";
import { gc } from "../jobs/gc.ts";
import type { Remote } from "../remote/remote.ts";
import { aBucket, fakeRemote, type TestBucket } from "../testing/index.ts";
import { Connections } from "./connections.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";

let bucket: TestBucket;
let tools: string[];
let sudo: boolean;
let off: boolean;
let tried: number;
const looked: string[] = [];

beforeEach(async () => {
  looked.length = 0;
  tools = ["make", "rsync"];
  sudo = false;
  off = false;
  tried = 0;
  const answers = (host: string) => (call: { readonly line: string }) => {
    if (call.line.startsWith("sh -c")) looked.push(host);
    return undefined;
  };
  bucket = aBucket({
    plugins: [
      {
        name: "careful",
        apply(hooks) {
          hooks.connect.tapPromise("careful", async ({ worker: { host }, root }) => {
            tried += 1;
            if (off) throw new MaandError({ code: "UNREACHABLE", message: `${host} is off`, worker: host });
            return fakeRemote({ host, root, sudo, transport: "fake", answers: answers(host) });
          });
          hooks.preflight.tap("careful", ({ needs }) => tools.forEach(needs));
        },
      },
    ],
  });
  bucket.workers(A, B);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
  await bucket.ship();
  expect(since()).toEqual([A, B]);
});

afterEach(() => bucket.dispose());

/** Workers whose tools were checked since the last call. */
function since(): string[] {
  return looked.splice(0).sort();
}

async function upgrade(version: string): Promise<string[]> {
  bucket.job("api", { version, selectors: ["worker"] });
  await bucket.ship();
  return since();
}

it("tools that were present at the last sync are not checked again", async () => {
  expect(await upgrade("1.1.0")).toEqual([]);
  expect(await upgrade("1.2.0")).toEqual([]);
});

it("tools are checked again on a worker that failed in the last deploy", async () => {
  bucket.fleet.fail(`restart api@${B}`);
  expect(await upgrade("1.1.0")).toEqual([]);
  bucket.fleet.repair();
  expect(await upgrade("1.2.0")).toEqual([B]);
  bucket.fleet.fail(`stage ${A}`);
  expect(await upgrade("1.3.0")).toEqual([]);
  bucket.fleet.repair();
  expect(await upgrade("1.4.0")).toEqual([A]);
  expect(await upgrade("1.5.0")).toEqual([]);
});

it("tools are checked again if other tools are needed, or if sudo was configured", async () => {
  tools = ["make"];
  expect(await upgrade("1.1.0")).toEqual([A, B]);
  sudo = true;
  expect(await upgrade("1.2.0")).toEqual([A, B]);
  expect(await upgrade("1.3.0")).toEqual([]);
});

it("a failed connection is retried for hooks, and remains failed for all other callers", async () => {
  const maand = await bucket.open();
  const connections = new Connections(runReporter(maand, "deploy"));
  const [worker] = maand.store.catalog.read().workers;
  if (!worker) throw new Error("no worker");
  tried = 0;
  off = true;
  await expect(connections.ready(worker)).rejects.toThrow("is off");
  await expect(connections.connectOnce(worker)).rejects.toThrow("is off");
  await expect(connections.connectReady(worker)).rejects.toThrow("is off");
  expect(tried).toBe(3);
  off = false;
  expect(await connections.connectOnce(worker)).toMatchObject({ host: A });
  expect(await connections.connectReady(worker)).toMatchObject({ host: A });
  expect(tried).toBe(4);
  await expect(connections.ready(worker)).rejects.toThrow("is off");
  await connections.close();
  maand.close();
});

describe("an interruption while workers are being connected", () => {
  let interrupted: AbortController;
  /** Ends the attempt to connect. */
  let connected: ((remote: Remote) => void) | undefined;
  let hangs: boolean;
  let slow: TestBucket;

  beforeEach(async () => {
    interrupted = new AbortController();
    hangs = false;
    const connect = () => {
      if (!hangs) return Promise.resolve(undefined);
      setImmediate(() => interrupted.abort());
      return new Promise<Remote>((resolve) => {
        connected = resolve;
      });
    };
    slow = aBucket({
      signal: interrupted.signal,
      plugins: [{ name: "slow", apply: (hooks) => hooks.connect.tapPromise("slow", connect) }],
    });
    slow.workers(A, B);
    slow.job("api", { version: "1.0.0", selectors: ["worker"] });
    await slow.build();
  });

  afterEach(() => slow.dispose());

  it("ends the deploy immediately, and no worker counts as failed", async () => {
    hangs = true;
    const { outcome, allocations, failures } = await slow.deploy();
    expect({ outcome, failures }).toEqual({ outcome: "interrupted", failures: [] });
    expect(new Set(allocations.map((result) => result.outcome))).toEqual(new Set(["interrupted"]));
    expect(slow.events.filter(({ type }) => type === "worker.failed")).toEqual([]);
    expect(slow.events.at(-1)).toMatchObject({ type: "run.finished", failed: 0 });
  });

  it("closes a connection that is established after the interruption", async () => {
    hangs = true;
    await slow.deploy();
    const { bucketId, close } = await slow.open();
    await close();
    const remote = fakeRemote({ host: A, root: `/opt/worker/${bucketId}`, transport: "fake" });
    connected?.(remote);
    await vi.waitUntil(() => remote.closed);
  });

  it("does not cause gc to delete the records of a removed worker", async () => {
    await slow.deploy();
    slow.workers(A);
    await slow.ship();
    hangs = true;
    const opened = await slow.open();
    await expect(gc(opened)).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(opened.store.catalog.read().removedWorkers.map(({ host }) => host)).toEqual([B]);
    opened.close();
  });
});
