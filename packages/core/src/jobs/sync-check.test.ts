import * as v from "valibot";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Plugin } from "../plugin-api/plugin.ts";
import { setRecordReader, type WorkerRecord } from "../remote/fence/worker-record.ts";
import { aBucket, type TestBucket } from "../testing/a-bucket.ts";
import { fakeRemote } from "../testing/fake-remote.ts";
import { controlJob } from "./control-job.ts";

let bucket: TestBucket;
/** The result of the plugin's reader; `read` counts its calls. */
let offered: WorkerRecord | undefined;
let read: number;
/** Commands on the worker. */
let lines: string[];
let root: string | undefined;

/**
 * A transport whose workers return their `worker.json` for a `cat`, and a plugin that reads the same text without a
 * command.
 */
const machines: Plugin = {
  name: "machines",
  claims: { unit: { description: "The unit of a job.", schema: v.string(), lifecycle: true } },
  apply(hooks) {
    hooks.locate.tap("machines", () => root);
    hooks.connect.tapPromise("machines", async ({ worker: { host }, root }) =>
      fakeRemote({
        ...{ host, root, transport: "fake" },
        answers: async ({ line }) => {
          lines.push(line);
          return line.startsWith("cat ") ? { stdout: await workerJson() } : undefined;
        },
      }),
    );
    hooks.preflight.tap("machines", ({ remote }) =>
      setRecordReader(remote, async () => {
        read += 1;
        return offered;
      }),
    );
    hooks.target.tap("machines", () => "done");
  },
};

beforeEach(async () => {
  [read, lines, root, offered] = [0, [], undefined, undefined];
  bucket = aBucket({ plugins: [machines] });
  bucket.workers("10.0.0.1");
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
  await bucket.ship();
  offered = { fence: "", workerJson: await workerJson() };
  [read, lines] = [0, []];
});

afterEach(() => bucket.dispose());

async function workerJson(seq = 1): Promise<string> {
  const ours = await bucket.open();
  const [worker] = ours.store.catalog.read().workers;
  ours.close();
  return JSON.stringify({ bucket_id: ours.bucketId, worker_id: worker?.workerId, update_seq: seq });
}

async function restart() {
  const ours = await bucket.open();
  const control = { jobs: ["api"], target: "restart", workers: [], healthCheck: false };
  return controlJob(ours, control).finally(() => ours.close());
}

const reads = () => lines.filter((line) => line.startsWith("cat ")).length;

it("the sync check runs no command on a worker whose record a plugin reads", async () => {
  expect(await restart()).toMatchObject([{ outcome: "ok" }]);
  expect([read, lines]).toEqual([1, []]);
});

it("the sync check finds the same differences if a plugin reads the record", async () => {
  offered = { fence: "", workerJson: await workerJson(9) };
  await expect(restart()).rejects.toMatchObject({
    code: "OUT_OF_SYNC",
    message: "10.0.0.1: update_seq is 9 on the worker, expected 1",
  });
  offered = { fence: `7 ${"ab".repeat(8)}\n{"copy":"c","command":"deploy"}\n`, workerJson: await workerJson() };
  await expect(restart()).rejects.toMatchObject({ code: "OTHER_COPY" });
  expect(reads()).toBe(0);
});

it("the sync check determines whether the files are lost on a worker without worker.json", async () => {
  offered = { fence: "", workerJson: "" };
  await expect(restart()).rejects.toMatchObject({ code: "OUT_OF_SYNC" });
  expect(lines).toEqual([expect.stringContaining("/worker.json")]);
});

it.each([
  ["the plugin cannot read", undefined],
  ["has a fence that the plugin does not trust", { fence: "!others may write to it", workerJson: "" }],
])("the sync check reads the files of a worker whose record %s", async (_, record) => {
  offered = record;
  expect(await restart()).toMatchObject([{ outcome: "ok" }]);
  expect([read, reads()]).toEqual([1, 1]);
});

it("the sync check reads the files where they were synced, even if the root has changed since", async () => {
  root = "/srv/elsewhere";
  expect(await restart()).toMatchObject([{ outcome: "ok" }]);
  expect(read).toBe(0);
  expect(lines).toEqual([expect.not.stringContaining("/srv/elsewhere")]);
});

it("the sync check does not use the plugin's reader for a job that another plugin claims", async () => {
  bucket.job("api", { version: "1.0.0", selectors: ["worker"], unit: "api.service" });
  await bucket.ship();
  [read, lines] = [0, []];
  await restart().catch(() => undefined);
  expect([read, reads()]).toEqual([0, 1]);
});
