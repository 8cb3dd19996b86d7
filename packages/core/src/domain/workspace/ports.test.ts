import { describe, expect, it } from "vitest";
import type { Problem } from "../checks/problem.ts";
import { assignPorts, type PortRequest } from "./ports.ts";

const RANGE = { min: 30_000, max: 30_003 };
type Requests = Record<string, Record<string, PortRequest>>;
type Ports = Record<string, Record<string, number>>;

function assign(requests: Requests, before: Ports = {}, range = RANGE) {
  const problems: Problem[] = [];
  const ports = assignPorts(requests, before, range, (problem) => problems.push(problem));
  return { ports, problems };
}

describe("ports", () => {
  it.each<[string, Requests, Ports, Ports]>([
    ["no declared ports, no numbers", {}, {}, {}],
    [
      "the lowest free number is taken, jobs and names in order",
      { b: { p: "any" }, a: { q: "any", p: "any" } },
      {},
      { a: { p: 30_000, q: 30_001 }, b: { p: 30_002 } },
    ],
    [
      "an assigned number is kept",
      { a: { p: "any" }, b: { p: "any" } },
      { b: { p: 30_000 } },
      { a: { p: 30_001 }, b: { p: 30_000 } },
    ],
    ["a fixed number need not be in the range", { a: { p: 9090, q: 30_003 } }, {}, { a: { p: 9090, q: 30_003 } }],
    [
      "the same port name in two jobs is two ports",
      { a: { http: "any" }, b: { http: "any" } },
      {},
      { a: { http: 30_000 }, b: { http: 30_001 } },
    ],
    [
      "two jobs exchange their fixed numbers",
      { a: { p: 81 }, b: { p: 80 } },
      { a: { p: 80 }, b: { p: 81 } },
      { a: { p: 81 }, b: { p: 80 } },
    ],
    ["a new job takes the fixed number of a removed job", { c: { p: 9090 } }, { b: { p: 9090 } }, { c: { p: 9090 } }],
    ["a renamed port keeps its fixed number", { a: { new: 9090 } }, { a: { old: 9090 } }, { a: { new: 9090 } }],
    [
      "a fixed number wins over one to be assigned",
      { a: { p: "any" }, b: { p: 30_000 } },
      {},
      { a: { p: 30_001 }, b: { p: 30_000 } },
    ],
    [
      "a fixed number takes the number of a port that had it assigned",
      { a: { p: "any" }, b: { p: 30_000 } },
      { a: { p: 30_000 } },
      { a: { p: 30_001 }, b: { p: 30_000 } },
    ],
    [
      "a port that is no longer fixed gets an assigned number if its own is out of range",
      { a: { p: "any" } },
      { a: { p: 9090 } },
      { a: { p: 30_000 } },
    ],
    [
      "a port that is no longer fixed keeps its number if the number is in range",
      { a: { p: "any" } },
      { a: { p: 30_002 } },
      { a: { p: 30_002 } },
    ],
    [
      "a range that shrank moves only the ports outside it",
      { a: { p: "any", q: "any" } },
      { a: { p: 30_009, q: 30_001 } },
      { a: { p: 30_000, q: 30_001 } },
    ],
    ["a number that was freed is used again", { a: { q: "any" } }, { a: { p: 30_000 } }, { a: { q: 30_000 } }],
    [
      "if two ports had the same number, the first keeps it",
      { a: { p: "any" }, b: { p: "any" } },
      { a: { p: 30_001 }, b: { p: 30_001 } },
      { a: { p: 30_001 }, b: { p: 30_000 } },
    ],
  ])("%s", (_, requests, before, expected) => {
    expect(assign(requests, before)).toEqual({ ports: expected, problems: [] });
  });

  it("names of built-in object properties are names like any other", () => {
    const named = <T>(name: string, value: T): Record<string, T> => Object.fromEntries([[name, value]]);
    const requests: Requests = { a: named("constructor", "any"), ...named("constructor", { name: "any" as const }) };
    const { ports } = assign(requests, { a: {} });
    expect(Object.values(ports).flatMap(Object.values)).toEqual([30_000, 30_001]);
  });

  it("are sorted by name, so that two builds are equal", () => {
    const { ports } = assign({ b: { z: 80, a: "any" }, a: { y: "any", x: 81 } }, { b: { a: 30_003 } });
    expect(JSON.stringify(ports)).toBe('{"a":{"x":81,"y":30000},"b":{"a":30003,"z":80}}');
  });

  it("one fixed number for two ports is refused with both names, and so is each further one", () => {
    const { problems, ports } = assign({ a: { p: 80 }, b: { p: 80, q: 80 } });
    expect(ports).toEqual({ a: { p: 80 } });
    expect(problems).toEqual(
      ["p", "q"].map((name) => ({
        code: "port_collision",
        level: "error",
        where: `workspace/jobs/b/manifest.json: resources.ports.${name}`,
        message: 'number 80 is already taken by port "p" of job a',
        hint: "give one of them another number, or {} to assign a free one",
      })),
    );
  });

  it("an exhausted range is reported for each port without a number", () => {
    const requests: Requests = { a: { p: "any", q: "any", r: "any" } };
    const { problems, ports } = assign(requests, {}, { min: 30_000, max: 30_000 });
    expect(ports).toEqual({ a: { p: 30_000 } });
    expect(problems.map((problem) => [problem.code, problem.where])).toEqual([
      ["port_range_exhausted", "workspace/jobs/a/manifest.json: resources.ports.q"],
      ["port_range_exhausted", "workspace/jobs/a/manifest.json: resources.ports.r"],
    ]);
    expect(problems[0]).toMatchObject({
      message: "no port is left between 30000 and 30000",
      hint: "widen port_min and port_max in workspace/bucket.conf",
    });
  });
});
