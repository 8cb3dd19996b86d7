import { describe, expect, it } from "vitest";
import { sequence } from "./sequence.ts";

const waves = (demands: Record<string, string[]>) => {
  const { waves, circle } = sequence(new Map(Object.entries(demands)));
  return { ...Object.fromEntries(waves), ...(circle ? { circle: circle.join(" -> ") } : {}) };
};

describe("waves", () => {
  it.each<[string, Record<string, string[]>, Record<string, number | string>]>([
    ["no jobs, no waves", {}, {}],
    ["jobs that demand nothing go first", { a: [], b: [] }, { a: 0, b: 0 }],
    ["a job is one wave after the jobs that it demands", { a: ["b"], b: ["c"], c: [] }, { a: 2, b: 1, c: 0 }],
    ["the latest demand counts, not the shortest way", { a: ["b", "c"], b: ["c"], c: [] }, { a: 2, b: 1, c: 0 }],
    ["demanding twice is demanding once", { a: ["b", "b"], b: [] }, { a: 1, b: 0 }],
    ["an unknown job is not a demand", { a: ["gone"], b: [] }, { a: 0, b: 0 }],
    ["jobs on a circle have no wave", { a: ["b"], b: ["a"], c: [] }, { c: 0, circle: "a -> b -> a" }],
    ["a job that demands itself is a circle", { a: ["a"] }, { circle: "a -> a" }],
    [
      "a job behind a circle has no wave, and neither has a job on it that also demands another",
      { a: ["b", "free"], b: ["a"], behind: ["a"], free: [] },
      { free: 0, circle: "a -> b -> a" },
    ],
    [
      "the circle is named without the jobs that lead to it",
      { a: ["x"], x: ["y"], y: ["z"], z: ["x"] },
      { circle: "x -> y -> z -> x" },
    ],
  ])("%s", (_, demands, expected) => expect(waves(demands)).toEqual(expected));
});

describe("large fleets are fast", () => {
  it("a chain of 200 jobs, each with six commands on the one before", () => {
    const chain = Array.from({ length: 200 }, (_, at): [string, string[]] => [
      `job${at}`,
      at === 0 ? [] : Array(6).fill(`job${at - 1}`),
    ]);
    const { waves } = sequence(new Map(chain));
    expect(chain.map(([job]) => waves.get(job))).toEqual(chain.map((_, at) => at));
  });
  it("a ladder of 200 rungs, with more paths than can be enumerated", () => {
    const ladder = Array.from({ length: 200 }, (_, at): [string, string[]][] => {
      const below = at === 0 ? [] : [`l${at - 1}`, `r${at - 1}`];
      return [
        [`l${at}`, below],
        [`r${at}`, below],
      ];
    }).flat();
    expect(sequence(new Map(ladder)).waves.get("r199")).toBe(199);
  });
  it("a star of 5000 jobs, in both directions", () => {
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
    expect(sequence(new Map(ring)).circle).toHaveLength(5001);
  });
});
