import { definePlugin } from "@maand/core";
import { deploy, openBucket, type TracedCall, Tracer } from "@maand/core/internal";
import { aBucket, type TestBucket } from "@maand/core/testing";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { laneOf } from "./lanes.ts";
import { hookRows, traceRows } from "./rows.ts";
import { readTrace, traceText } from "./trace-file.ts";

const COMMAND = { command: "deploy", startedAt: new Date(0) };

const aCall = (call: Partial<TracedCall>): TracedCall => ({
  hook: "rollout",
  plugin: "make",
  unit: "api@w1",
  startMs: 0,
  failed: false,
  ...call,
});

describe("the table of a trace", () => {
  it("counts the calls of each hook and plugin, adds up their times, and names the unit of the longest call", () => {
    const rows = traceRows(
      [
        aCall({ unit: "api@w1", startMs: 0, endMs: 10 }),
        aCall({ unit: "api@w2", startMs: 5, endMs: 35, failed: true }),
        aCall({ unit: "api@w1", startMs: 50 }),
        aCall({ hook: "verify", plugin: "health", unit: "api", startMs: 35, endMs: 100 }),
      ],
      70,
    );
    expect(rows).toContainEqual(expect.objectContaining({ unit: "api@w1", calls: 2, total_ms: 30, unfinished: 1 }));
    expect(hookRows(rows)).toEqual([
      expect.objectContaining({ hook: "verify", plugin: "health", calls: 1, total_ms: 65 }),
      {
        ...{ hook: "rollout", plugin: "make", calls: 3, failed: 1, unfinished: 1 },
        ...{ total_ms: 60, longest_ms: 30, longest_unit: "api@w2" },
      },
    ]);
  });
});

describe("the tracks of a trace", () => {
  it("contain only calls that are nested or follow each other", () => {
    const time = fc.integer({ min: 0, max: 50 });
    const calls = fc.array(
      fc.record({ unit: fc.constantFrom("a", "b"), startMs: time, took: time, open: fc.boolean() }),
    );
    fc.assert(
      fc.property(calls, (made) => {
        const lanes = new Map();
        const placed = made
          .sort((a, b) => a.startMs - b.startMs)
          .map(({ unit, startMs, took, open }) => aCall({ unit, startMs, ...(open ? {} : { endMs: startMs + took }) }))
          .map((call) => ({ ...call, lane: laneOf(lanes, call) }));
        for (const [at, one] of placed.entries())
          for (const other of placed.slice(at + 1).filter(({ lane }) => lane === one.lane)) {
            expect(other.unit).toBe(one.unit);
            const [end, otherEnd] = [one.endMs ?? Infinity, other.endMs ?? Infinity];
            expect(other.startMs >= end || otherEnd <= end).toBe(true);
          }
      }),
    );
  });

  it("are reused for calls that do not overlap", () => {
    const lanes = new Map();
    const calls = [aCall({ startMs: 0, endMs: 9 }), aCall({ startMs: 2, endMs: 4 }), aCall({ startMs: 9, endMs: 12 })];
    expect(calls.map((call) => laneOf(lanes, call))).toEqual([1, 1, 1]);
    expect(laneOf(lanes, aCall({ startMs: 10, endMs: 20 }))).toBe(2);
  });
});

describe("the trace of a deploy", () => {
  let bucket: TestBucket;
  afterEach(() => bucket.dispose());

  async function traced(end: () => Promise<void>) {
    const acme = definePlugin({ name: "acme", apply: ({ promote }) => promote.tapPromise("acme", end) });
    bucket = aBucket();
    bucket.workers("10.0.0.1");
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await bucket.build();
    const tracer = new Tracer();
    const signal = new AbortController().signal;
    const opened = await openBucket({
      ...{ from: bucket.root, now: () => new Date(), signal, pid: process.pid, modules: {}, tracer },
      defaults: () => [acme, bucket.fleet.plugin],
    });
    const deployed = await deploy(opened, { jobs: [], force: false, syncOnly: false }).finally(() => opened.close());
    const text = traceText(tracer, COMMAND);
    return { outcome: deployed.outcome, run: tracer.run, trace: readTrace(text, "it"), events: eventsOf(text) };
  }

  interface ViewerEvent extends Readonly<Record<"ts" | "dur" | "pid" | "tid", number>> {
    readonly ph: string;
    readonly name: string;
    readonly args: Readonly<Record<string, unknown>>;
  }

  /** The calls in the file, as a viewer reads them, with the names of their tracks. */
  function eventsOf(text: string) {
    const { traceEvents }: { traceEvents: readonly ViewerEvent[] } = JSON.parse(text);
    const names = traceEvents.filter(({ ph, name }) => ph === "M" && name === "thread_name");
    const tracks = new Map(names.map(({ tid, args }) => [tid, args.name]));
    return traceEvents
      .filter(({ ph }) => ph === "X")
      .map(({ name, tid, ts, dur, pid, args }) => {
        for (const number of [ts, dur, pid, tid]) expect(number >= 0 && Number.isInteger(number)).toBe(true);
        return { name, track: tracks.get(tid), args };
      });
  }

  it("contains every call of a tap with its plugin, hook and unit", async () => {
    const { outcome, run, trace, events } = await traced(async () => undefined);
    expect(outcome).toBe("ok");
    expect(trace).toMatchObject({ run, command: "deploy" });
    for (const [hook, unit] of [
      ["connect", "10.0.0.1"],
      ["stage", "10.0.0.1"],
      ["rollout", "api@10.0.0.1"],
    ]) {
      expect(trace.rows).toContainEqual(expect.objectContaining({ plugin: "fake-fleet", hook, unit, calls: 1 }));
      expect(events).toContainEqual({
        name: `fake-fleet ${hook}`,
        track: unit,
        args: { plugin: "fake-fleet", hook, unit },
      });
    }
    expect(trace.rows).toContainEqual(expect.objectContaining({ plugin: "run-log", hook: "event", failed: 0 }));
  });

  it("marks a call that failed", async () => {
    const { outcome, trace, events } = await traced(async () => {
      throw new Error("boom");
    });
    expect(outcome).toBe("failed");
    expect(trace.rows).toContainEqual(expect.objectContaining({ plugin: "acme", hook: "promote", failed: 1 }));
    const failed = { plugin: "acme", hook: "promote", unit: "api", failed: true };
    expect(events).toContainEqual({ name: "acme promote", track: "api", args: failed });
  });
});

it("the trace marks a call that has not ended as unfinished", () => {
  const tracer = new Tracer();
  void tracer.around(() => new Promise(() => {}), { plugin: "acme", hook: "commit" })({});
  expect(readTrace(traceText(tracer, COMMAND), "it").rows).toMatchObject([{ plugin: "acme", calls: 1, unfinished: 1 }]);
});

it.each(["", "{}", "[]", '{ "traceEvents": [], "otherData": { "made_by": "others" } }'])(
  "readTrace refuses a file that is not a trace of maand: %s",
  (text) => {
    expect(() => readTrace(text, "a.json")).toThrow("a.json is not a trace file of maand");
  },
);
