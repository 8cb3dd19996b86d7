import { afterEach, beforeEach, expect, it } from "vitest";
import { aBucket, type TestBucket } from "../../testing/index.ts";
import type { Store } from "../store.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";
const DIGEST = "0".repeat(64);
const NOW = "2026-01-01T00:00:00.000Z";
let bucket: TestBucket;

beforeEach(async () => {
  bucket = aBucket();
  bucket.workers(A, B);
  bucket.job("api", { selectors: ["worker"], version: "1.0.0" });
  bucket.job("web", { selectors: ["worker"], version: "1.0.0" });
  await bucket.ship();
});
afterEach(() => bucket.dispose());

const stored = async <T>(work: (store: Store, allocation: string) => T): Promise<T> => {
  const opened = await bucket.open();
  const api = opened.store.catalog.allocations().find(({ job, host }) => job === "api" && host === A);
  try {
    return work(opened.store, api?.id ?? "");
  } finally {
    await opened.close();
  }
};
const OCCASION = { currentVersion: "0.0.0", updateSeq: 1 };
const promote = (store: Store, allocation: string, version: string, release: number, occasion = OCCASION) =>
  store.promoted.promote(allocation, { digest: DIGEST, version }, [], {
    ...{ stopped: false, occasion, release: { job: "api", number: release } },
  });

it.each<[string, (store: Store, allocation: string) => unknown]>([
  ["its files on the worker", (store, id) => store.promoted.unstage(id)],
  ["its digest", (store, id) => promote(store, id, "1.0.0", 1)],
  ["its version", (store, id) => promote(store, id, "2.0.0", 1)],
  ["its release", (store, id) => store.promoted.setRelease(id, { job: "api", number: 2 })],
  [
    "the values that its files were rendered with",
    (store, id) => promote(store, id, "1.0.0", 1, { ...OCCASION, updateSeq: 9 }),
  ],
  ["its mark as stopped", (store, id) => store.promoted.markStopped(id)],
  ["its health", (store, id) => store.promoted.markHealth(id, true)],
  ["its pending health check", (store, id) => store.pendingHealth.set(id, "with the next batch")],
  ["the existence of its records", (store, id) => store.promoted.forget(id)],
  [
    "its open command",
    (store, id) =>
      store.journal.intend(store.journal.lastNumber(), [{ allocation: id, kind: "restart", version: "1.0.0" }], NOW),
  ],
])("only the state of its job changes if an allocation changes in %s", async (_, change) => {
  const states = () => stored((store) => store.jobStates.of(["api", "web"]));
  const before = await states();
  await stored(change);
  const after = await states();
  expect(after.get("api")?.text).not.toBe(before.get("api")?.text);
  expect(after.get("web")).toEqual(before.get("web"));
});

it("the state of a job has the recorded release if all its allocations have the same release", async () => {
  const state = () => stored((store) => store.jobStates.of(["api", "none"]));
  expect([...(await state())].map(([job, { count, release }]) => [job, count, release])).toEqual([["api", 2, 1]]);
  await stored((store, id) => store.promoted.setRelease(id, { job: "api", number: 2 }));
  expect((await state()).get("api")?.release).toBeUndefined();
  await stored((store, id) => store.promoted.forget(id));
  expect((await state()).get("api")?.release).toBeUndefined();
});

it("a job is unplanned if its last plan differs from the promoted plan or was made from other files", async () => {
  const sources = await stored(({ promoted }) => [...promoted.planned().values()].map(({ source }) => source));
  const unplanned = (known: readonly string[] = sources) => stored((store) => [...store.jobStates.unplanned(known)]);
  expect([await unplanned(), (await unplanned([])).sort()]).toEqual([[], ["api", "web"]]);
  await stored((store, id) => store.promoted.plan(id, { digest: DIGEST, source: sources[0] ?? "" }));
  expect(await unplanned()).toEqual(["api"]);
});
