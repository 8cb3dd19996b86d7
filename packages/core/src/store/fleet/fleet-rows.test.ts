import { expect, it } from "vitest";
import { Store } from "../store.ts";

it("the same repair increases the count, and a different repair resets it to one", () => {
  const { repairs } = Store.open(":memory:");
  expect(repairs.note("w1", "api", "changed a", "T1")).toMatchObject({ times: 1, firstAt: "T1", lastAt: "T1" });
  expect(repairs.note("w1", "api", "changed a", "T2")).toMatchObject({ times: 2, firstAt: "T1", lastAt: "T2" });
  repairs.note("w1", "", "changed jobs.json", "T2");
  expect(repairs.note("w1", "api", "changed b", "T3")).toMatchObject({ times: 1, firstAt: "T3", lastAt: "T3" });
  expect(repairs.all().get("w1")?.get("")).toMatchObject({ times: 1 });
  repairs.sweep();
  expect(repairs.all().size).toBe(0); // the catalog has no such worker
});

it("a worker counts as left behind from the first deploy that could not reach it", () => {
  const { leftBehind } = Store.open(":memory:");
  leftBehind.note("w2", "no route", "T2");
  leftBehind.note("w1", "refused", "T1");
  leftBehind.note("w2", "timed out", "T3");
  expect([...leftBehind.all().values()]).toEqual([
    { host: "w1", since: "T1", lastAt: "T1", reason: "refused", times: 1 },
    { host: "w2", since: "T2", lastAt: "T3", reason: "timed out", times: 2 },
  ]);
  leftBehind.clear("w1");
  expect([...leftBehind.all().keys()]).toEqual(["w2"]);
});
