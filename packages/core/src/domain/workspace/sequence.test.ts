import { describe, expect, it } from "vitest";
import { sequence } from "./sequence.ts";

const waves = (demands: Record<string, string[]>) => {
  const { waves, cycle } = sequence(new Map(Object.entries(demands)));
  return { ...Object.fromEntries(waves), ...(cycle ? { cycle: cycle.join(" -> ") } : {}) };
};

describe("the waves of jobs", () => {
  it.each<[string, Record<string, string[]>, Record<string, number | string>]>([
    ["are empty without jobs", {}, {}],
    ["begin with jobs without dependencies", { a: [], b: [] }, { a: 0, b: 0 }],
    ["put a job one wave after the jobs that it depends on", { a: ["b"], b: ["c"], c: [] }, { a: 2, b: 1, c: 0 }],
    ["put a job after the latest job that it depends on", { a: ["b", "c"], b: ["c"], c: [] }, { a: 2, b: 1, c: 0 }],
    ["count a repeated dependency once", { a: ["b", "b"], b: [] }, { a: 1, b: 0 }],
    ["ignore dependencies on unknown jobs", { a: ["gone"], b: [] }, { a: 0, b: 0 }],
    ["omit jobs in a cycle", { a: ["b"], b: ["a"], c: [] }, { c: 0, cycle: "a -> b -> a" }],
    ["report a job that depends on itself as a cycle", { a: ["a"] }, { cycle: "a -> a" }],
    [
      "omit jobs that depend on a cycle, and jobs of the cycle that also have other dependencies",
      { a: ["b", "free"], b: ["a"], behind: ["a"], free: [] },
      { free: 0, cycle: "a -> b -> a" },
    ],
    [
      "report a cycle without the jobs that lead to it",
      { a: ["x"], x: ["y"], y: ["z"], z: ["x"] },
      { cycle: "x -> y -> z -> x" },
    ],
  ])("%s", (_, demands, expected) => expect(waves(demands)).toEqual(expected));
});

describe("the waves are computed quickly for", () => {
  it("a chain of 200 jobs, each with six dependencies on the previous job", () => {
    const chain = Array.from({ length: 200 }, (_, at): [string, string[]] => [
      `job${at}`,
      at === 0 ? [] : Array(6).fill(`job${at - 1}`),
    ]);
    const { waves } = sequence(new Map(chain));
    expect(chain.map(([job]) => waves.get(job))).toEqual(chain.map((_, at) => at));
  });
  it("a ladder of 200 rungs, which has too many paths to enumerate", () => {
    const ladder = Array.from({ length: 200 }, (_, at): [string, string[]][] => {
      const below = at === 0 ? [] : [`l${at - 1}`, `r${at - 1}`];
      return [
        [`l${at}`, below],
        [`r${at}`, below],
      ];
    }).flat();
    expect(sequence(new Map(ladder)).waves.get("r199")).toBe(199);
  });
  it("5000 jobs that depend on one job, and one job that depends on 5000", () => {
    const points = Array.from({ length: 5000 }, (_, at) => `point${at}`);
    const inwards = new Map<string, string[]>([
      ["hub", []],
      ...points.map((job): [string, string[]] => [job, ["hub"]]),
    ]);
    const outwards = new Map<string, string[]>([
      ["hub", points],
      ...points.map((job): [string, string[]] => [job, []]),
    ]);
    expect(sequence(inwards).waves.get("point4999")).toBe(1);
    expect(sequence(outwards).waves.get("hub")).toBe(1);
  });
  it("a cycle of 5000 jobs", () => {
    const ring = Array.from({ length: 5000 }, (_, at): [string, string[]] => [`job${at}`, [`job${(at + 1) % 5000}`]]);
    expect(sequence(new Map(ring)).cycle).toHaveLength(5001);
  });
});
