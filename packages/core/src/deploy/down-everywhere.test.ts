import { afterEach, beforeEach, expect, it } from "vitest";
import { MaandError } from "../errors.ts";
import { controlJob } from "../jobs/control-job.ts";
import { definePlugin } from "../plugin-api/plugin.ts";
import { aBucket, fakeRemote, type TestBucket } from "../testing/index.ts";

/** A single command starts a job that is down on all its workers, for example after a power failure. */

const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];

let bucket: TestBucket;
/** Hosts on which the job runs. */
let up: Set<string>;
let checked: string[][];

const machines = definePlugin({
  name: "machines",
  apply({ connect, rollout, target, verify }) {
    connect.tapPromise("machines", async ({ worker: { host, workerId }, root, bucket: { id } }) => {
      const stdout = JSON.stringify({ bucket_id: id, worker_id: workerId, update_seq: 1 });
      return fakeRemote({ host, root, transport: "fake", answers: { "cat ": { stdout } } });
    });
    rollout.tap("machines", ({ worker }) => void up.add(worker.host));
    target.tap("machines", ({ worker }) => void up.add(worker.host));
    verify.tap("machines", ({ active }) => {
      checked.push(active.map(({ host }) => host));
      const down = active.find(({ host }) => !up.has(host));
      if (down) throw new MaandError({ code: "UNHEALTHY", message: `api is down on ${down.host}` });
    });
  },
});

beforeEach(async () => {
  up = new Set();
  checked = [];
  bucket = aBucket({ plugins: [machines] });
  bucket.workers(...HOSTS);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"], max_concurrent_upgrades: 1 });
  expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
  up.clear();
  checked.splice(0);
});

afterEach(() => bucket.dispose());

it("deploy --force starts a job that is down everywhere and checks only the allocations that it has started so far", async () => {
  expect(await bucket.deploy({ force: true })).toMatchObject({ outcome: "ok" });
  expect([...up]).toEqual(HOSTS);
  expect(checked).toEqual([HOSTS.slice(0, 1), HOSTS.slice(0, 2), HOSTS]);
});

it("job start --health_check starts a job that is down everywhere", async () => {
  const ours = await bucket.open();
  const results = await controlJob(ours, { jobs: ["api"], target: "start", workers: [], healthCheck: true });
  ours.close();
  expect(results.map(({ outcome }) => outcome)).toEqual(["ok", "ok", "ok"]);
  expect(checked).toEqual([HOSTS.slice(0, 1), HOSTS.slice(0, 2), HOSTS]);
});

it("a job is unhealthy if an unchanged allocation is down after the last batch", async () => {
  bucket.workers(...HOSTS, "10.0.0.4");
  const { outcome, failures } = await bucket.ship();
  expect(outcome).toBe("failed");
  expect(failures).toMatchObject([{ job: "api", code: "UNHEALTHY", message: "api is down on 10.0.0.1" }]);
});
