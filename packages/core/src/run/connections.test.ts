import { afterEach, beforeEach, expect, it } from "vitest";
import { runReporter } from "../bucket/bucket.ts";
import { MaandError } from "../errors.ts";
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
          hooks.connect.tapPromise("careful", async ({ worker: { host } }) => {
            tried += 1;
            if (off) throw new MaandError({ code: "UNREACHABLE", message: `${host} is off`, worker: host });
            return fakeRemote({ host, sudo, transport: "fake", answers: answers(host) });
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

/** Workers whose tools were looked for since this was asked last. */
function since(): string[] {
  return looked.splice(0).sort();
}

async function upgrade(version: string): Promise<string[]> {
  bucket.job("api", { version, selectors: ["worker"] });
  await bucket.ship();
  return since();
}

it("tools that were present at the last delivery are not checked again", async () => {
  expect(await upgrade("1.1.0")).toEqual([]);
  expect(await upgrade("1.2.0")).toEqual([]);
});

it("tools are checked after a failure on the worker, until it succeeds", async () => {
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

it("tools are checked if others are needed, or if sudo has another path", async () => {
  tools = ["make"];
  expect(await upgrade("1.1.0")).toEqual([A, B]);
  sudo = true;
  expect(await upgrade("1.2.0")).toEqual([A, B]);
  expect(await upgrade("1.3.0")).toEqual([]);
});

it("a hook can retry a worker; for everything else a failed connection stays failed", async () => {
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
