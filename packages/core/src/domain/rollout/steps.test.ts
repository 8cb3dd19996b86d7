import { describe, expect, it } from "vitest";
import { remainingMs } from "./open-rollout.ts";
import { parseStep, reachOf, remainingParts, stepProblems, upToPause } from "./steps.ts";

const problemsOf = (...steps: readonly string[]) =>
  stepProblems(steps).map(({ at, message }) => `${at ?? "all"}: ${message}`);

const fresh = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ host: `w${at + 1}`, isDone: false, priority: false }));

describe("a step of a staged rollout", () => {
  it.each([
    ["1", { kind: "count", count: 1 }],
    ["10", { kind: "count", count: 10 }],
    ["99999", { kind: "count", count: 99_999 }],
    ["25%", { kind: "share", percent: 25 }],
    ["100%", { kind: "share", percent: 100 }],
    ["pause", { kind: "pause" }],
    ["1s", { kind: "wait", ms: 1000 }],
    ["10m", { kind: "wait", ms: 600_000 }],
    ["2h", { kind: "wait", ms: 7_200_000 }],
    ["1d", { kind: "wait", ms: 86_400_000 }],
  ])("is read from the text %s", (text, step) => expect(parseStep(text)).toEqual(step));

  it.each(["", "0", "0%", "101%", "1.5", "-1", "10 m", "10min", "Pause", "100000", "1w", "constructor"])(
    "cannot be the text %j",
    (text) => expect(parseStep(text)).toBeUndefined(),
  );

  it("reaches a percentage of the allocations, rounded up, or a number of them up to their total", () => {
    const reach = (text: string, active: number) => reachOf(parseStep(text) ?? { kind: "pause" }, active);
    expect(["25%", "34%", "100%", "1", "7"].map((text) => reach(text, 3))).toEqual([1, 2, 3, 1, 3]);
    expect(reach("10m", 3)).toBeUndefined();
  });
});

describe("the steps of a manifest", () => {
  it("may mix counts, shares, pauses and waits", () =>
    expect(problemsOf("1", "pause", "25%", "10m", "100%")).toEqual([]));

  it("must increase; each step that does not is reported", () => {
    expect(problemsOf("2", "2", "50%", "25%", "100%")).toEqual([
      '1: "2" is not more than the step before it',
      '3: "25%" is not more than the step before it',
    ]);
  });

  it("must have 100% as the last step, and only there", () => {
    expect(problemsOf("1", "pause")).toEqual(["all: do not end with 100%, so the rollout would never be complete"]);
    expect(problemsOf()).toHaveLength(1);
    expect(problemsOf("100%", "pause")).toHaveLength(1);
    expect(problemsOf("100%", "3", "100%")).toHaveLength(2);
  });

  it("must not have two pauses in a row", () => {
    expect(problemsOf("1", "pause", "pause", "100%")).toEqual(["2: is a second pause in a row"]);
  });
});

describe("the remaining steps of a rollout", () => {
  const steps = ["1", "pause", "25%", "10m", "100%"];

  it("are all steps at first, except those that add no allocation", () => {
    expect(remainingParts(steps, 0, fresh(3))).toEqual([
      { step: 0, hosts: ["w1"] },
      { step: 1, hosts: [] },
      { step: 3, hosts: [] },
      { step: 4, hosts: ["w2", "w3"] },
    ]);
  });

  it("have no pause after the last allocation", () => {
    expect(remainingParts(steps, 0, fresh(1))).toEqual([{ step: 0, hosts: ["w1"] }]);
  });

  it("begin with allocations that failed", () => {
    const members = fresh(3).map((member) => ({ ...member, priority: member.host === "w3" }));
    expect(remainingParts(steps, 0, members)[0]).toEqual({ step: 0, hosts: ["w3"] });
  });

  it("include the current step, because its soak may not have ended", () => {
    const members = fresh(3).map((member) => ({ ...member, isDone: member.host === "w1" }));
    expect(remainingParts(steps, 0, members)[0]).toEqual({ step: 0, hosts: [] });
  });

  it("count every allocation that already runs the release", () => {
    const members = fresh(8).map((member) => ({ ...member, isDone: member.host === "w8" }));
    expect(remainingParts(steps, 2, members)[0]).toEqual({ step: 2, hosts: ["w1"] });
  });

  it("end at the first pause in a single deploy", () => {
    expect(upToPause(steps, remainingParts(steps, 0, fresh(3))).map(({ step }) => step)).toEqual([0, 1]);
    expect(upToPause(steps, remainingParts(steps, 2, fresh(3))).map(({ step }) => step)).toEqual([2, 3, 4]);
  });
});

describe("the remaining time of a timed wait", () => {
  const until = "2026-01-01T00:10:00.000Z";
  const left = (now: string) => remainingMs(until, new Date(now), 600_000);

  it("is the time until its end", () => expect(left("2026-01-01T00:04:00.000Z")).toBe(360_000));
  it("is zero after its end", () => expect(left("2026-01-02T00:00:00.000Z")).toBe(0));
  it("is at most the whole wait, even if the clock was set back", () =>
    expect(left("2020-01-01T00:00:00.000Z")).toBe(600_000));
  it("is the whole wait if its end cannot be read", () => expect(remainingMs("", new Date(0), 5)).toBe(5));
});
