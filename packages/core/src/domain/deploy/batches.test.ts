import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { batchSize } from "../budget/batch-size.ts";
import type { BatchSize } from "../workspace/job.ts";
import { inBatches, rolloutOrder } from "./batches.ts";

fc.configureGlobal({ seed: 1 });

describe("batchSize", () => {
  it.each<[string, BatchSize, number, number, number]>([
    ["a number is used unchanged", 2, 10, 1, 2],
    ["a number above the number of allocations is kept", 20, 3, 1, 20],
    ["0 starts all allocations together", 0, 7, 0, 7],
    ["a negative number counts as unset", -3, 7, 0, 7],
    ["0 upgrades one allocation at a time", 0, 7, 1, 1],
    ["a batch of 0 allocations still has size 1", 0, 0, 0, 1],
    ["a share is rounded down", "25%", 7, 1, 1],
    ["a quarter of eight is two", "25%", 8, 1, 2],
    ["a share is at least one", "10%", 3, 1, 1],
    ["a share of 0 allocations is one", "50%", 0, 1, 1],
    ["100% is all allocations", "100%", 7, 1, 7],
  ])("%s", (_, size, active, whenUnset, expected) => {
    expect(batchSize(size, active, whenUnset)).toBe(expected);
  });

  it("is at least 1, whatever the input", () => {
    const size = fc.oneof(
      fc.integer(),
      fc.integer({ min: 1, max: 100 }).map((share): BatchSize => `${share}%`),
    );
    fc.assert(
      fc.property(size, fc.nat({ max: 100 }), fc.constantFrom(0, 1), (written, active, whenUnset) => {
        expect(batchSize(written, active, whenUnset)).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});

describe("inBatches", () => {
  it("splits a list in order", () => {
    expect(inBatches(["a", "b", "c", "d", "e"], 2)).toEqual([["a", "b"], ["c", "d"], ["e"]]);
    expect(inBatches([], 2)).toEqual([]);
  });
  it("puts every item into exactly one batch, and makes no batch empty or too large", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: -2, max: 12 }), (items, size) => {
        const batches = inBatches(items, size);
        expect(batches.flat()).toEqual(items);
        for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(Math.max(1, size));
        for (const batch of batches) expect(batch.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe("rolloutOrder", () => {
  const active = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];

  it.each([undefined, "", " ", ",", " , "])(
    "uses the order of the catalog if no order is requested (%j)",
    (options) => {
      expect(rolloutOrder(active, options)).toEqual({ order: active, source: "default" });
    },
  );
  it("uses a requested order that names every active host once", () => {
    expect(rolloutOrder(active, " 10.0.0.3,10.0.0.1 ,, 10.0.0.2")).toEqual({
      order: ["10.0.0.3", "10.0.0.1", "10.0.0.2"],
      source: "kv",
    });
  });
  it.each([
    ["a host twice", "10.0.0.1,10.0.0.2,10.0.0.2,10.0.0.3", "it names 10.0.0.2 twice"],
    [
      "unknown hosts",
      "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.8,10.0.0.9",
      "it names 10.0.0.8, 10.0.0.9, where this job has no active allocation",
    ],
    ["too few hosts", "10.0.0.2", "it omits 10.0.0.1, 10.0.0.3"],
  ])("ignores a requested order with %s, and reports the reason", (_, options, problem) => {
    expect(rolloutOrder(active, options)).toEqual({ order: active, source: "default", problem });
  });
  it("checks the order of a large fleet without searching the list for each host", () => {
    const hosts = Array.from({ length: 1_000 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
    const search = vi.spyOn(Array.prototype, "indexOf");
    expect(rolloutOrder(hosts, hosts.join(",")).source).toBe("kv");
    expect(search.mock.calls.length).toBeLessThan(hosts.length); // the test runner itself searches a few times
    search.mockRestore();
  });
  it("accepts any permutation of the active hosts", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(active, { minLength: 3 }), (options) => {
        expect(rolloutOrder(active, options.join(", "))).toEqual({ order: options, source: "kv" });
      }),
    );
  });
});
