import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { definePlugin } from "../plugin-api/plugin.ts";
import { deliveredRoot } from "../run/delivered-root.ts";
import { aBucket, fakeRemote, type TestBucket } from "../testing/index.ts";

/**
 * Allocations are stopped and deleted in the directory that they were deployed to, even if the settings have changed.
 */

const A = "10.0.0.1";
const [OLD, NEW] = ["/opt/worker/old", "/opt/worker/new"];

let bucket: TestBucket;
let root: string;
/** The operations on workers, each with its directory. */
let done: string[];

const machines = definePlugin({
  name: "machines",
  apply({ connect, locate, stage, rollout, reconcile }) {
    connect.tapPromise("machines", async ({ worker, root: located }) =>
      fakeRemote({ host: worker.host, transport: "fake", root: located }),
    );
    locate.tap("machines", () => root);
    stage.tap("machines", ({ remote, jobs }) => void done.push(`stage ${jobs.join(",")} ${remote.root}`));
    rollout.tap("machines", ({ action, directory }) => void done.push(`${action.kind} ${directory}`));
    reconcile.tap("machines", ({ action, directory }) => void done.push(`${action.kind} ${directory}`));
  },
});

beforeEach(async () => {
  root = OLD;
  done = [];
  bucket = aBucket({ plugins: [machines] });
  bucket.workers(A);
  for (const name of ["api", "web"]) bucket.job(name, { version: "1.0.0", selectors: ["worker"] });
  expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
  done.splice(0);
  root = NEW;
});

afterEach(() => bucket.dispose());

it("a removed job is stopped and removed in the directory that it was deployed to", async () => {
  bucket.removeJob("api");
  const { warnings } = await bucket.ship();
  expect(done).toEqual([`stop ${OLD}/jobs/api`, `remove ${OLD}/jobs/api`]);
  expect(warnings.join()).toContain(`the files on ${A} are in ${OLD}, but worker_root is now ${NEW}`);
});

it("a drained job is stopped in the directory that it was deployed to", async () => {
  bucket.disable({ jobs: { api: {} } });
  await bucket.ship();
  expect(done).toEqual([`stop ${OLD}/jobs/api`]);
});

it("a deploy without changes warns that worker_root changed", async () => {
  const { outcome, warnings } = await bucket.deploy();
  expect(outcome).toBe("ok");
  expect(warnings).toEqual([expect.stringContaining("restore worker_root")]);
});

it("an upgrade after a change of worker_root starts nothing, and fails with a hint about moving the directory", async () => {
  bucket.job("web", { version: "1.1.0", selectors: ["worker"] });
  const { outcome, allocations } = await bucket.ship();
  expect(outcome).toBe("failed");
  expect(allocations.find(({ job }) => job === "web")).toMatchObject({
    outcome: "failed",
    hint: expect.stringContaining("to move"),
  });
  expect(done).toEqual([]);
});

it("everything is deployed to the new path after the worker has been drained", async () => {
  root = OLD;
  bucket.disable({ workers: [A] });
  await bucket.ship();
  root = NEW;
  bucket.disable({});
  done.splice(0);
  expect(await bucket.ship()).toMatchObject({ outcome: "ok", warnings: [] });
  expect(done.sort()).toEqual([`stage api,web ${NEW}`, `start ${NEW}/jobs/api`, `start ${NEW}/jobs/web`]);
  bucket.removeJob("api");
  done.splice(0);
  await bucket.ship();
  expect(done[0]).toBe(`stop ${NEW}/jobs/api`);
});

it("a worker directory inside the bucket is recorded as a relative path, so it is found after the bucket is moved", async () => {
  bucket.disable({ workers: [A] });
  root = OLD;
  await bucket.ship();
  root = join(bucket.root, "data/local", A);
  bucket.disable({});
  expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
  const ours = await bucket.open();
  const paths = { ...ours.paths, root: "/somewhere/else" };
  const place = deliveredRoot({ ...ours, paths }, A);
  ours.close();
  expect(place).toBe(`/somewhere/else/data/local/${A}`);
});
