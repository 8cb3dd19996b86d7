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

describe("assignPorts", () => {
  it.each<[string, Requests, Ports, Ports]>([
    ["assigns nothing without declared ports", {}, {}, {}],
    [
      "assigns the lowest free numbers in the order of jobs and names",
      { b: { p: "any" }, a: { q: "any", p: "any" } },
      {},
      { a: { p: 30_000, q: 30_001 }, b: { p: 30_002 } },
    ],
    [
      "keeps an assigned number",
      { a: { p: "any" }, b: { p: "any" } },
      { b: { p: 30_000 } },
      { a: { p: 30_001 }, b: { p: 30_000 } },
    ],
    ["accepts a fixed number outside the range", { a: { p: 9090, q: 30_003 } }, {}, { a: { p: 9090, q: 30_003 } }],
    [
      "assigns two numbers to the same port name in two jobs",
      { a: { http: "any" }, b: { http: "any" } },
      {},
      { a: { http: 30_000 }, b: { http: 30_001 } },
    ],
    [
      "lets two jobs exchange their fixed numbers",
      { a: { p: 81 }, b: { p: 80 } },
      { a: { p: 80 }, b: { p: 81 } },
      { a: { p: 81 }, b: { p: 80 } },
    ],
    [
      "gives the fixed number of a removed job to a new job",
      { c: { p: 9090 } },
      { b: { p: 9090 } },
      { c: { p: 9090 } },
    ],
    ["keeps the fixed number of a renamed port", { a: { new: 9090 } }, { a: { old: 9090 } }, { a: { new: 9090 } }],
    [
      "prefers a fixed number to an assigned number",
      { a: { p: "any" }, b: { p: 30_000 } },
      {},
      { a: { p: 30_001 }, b: { p: 30_000 } },
    ],
    [
      "gives a fixed number to its port, even if another port had this number",
      { a: { p: "any" }, b: { p: 30_000 } },
      { a: { p: 30_000 } },
      { a: { p: 30_001 }, b: { p: 30_000 } },
    ],
    [
      "assigns a new number to a port that is no longer fixed if its old number is out of range",
      { a: { p: "any" } },
      { a: { p: 9090 } },
      { a: { p: 30_000 } },
    ],
    [
      "keeps the number of a port that is no longer fixed if the number is in range",
      { a: { p: "any" } },
      { a: { p: 30_002 } },
      { a: { p: 30_002 } },
    ],
    [
      "changes only the numbers outside a smaller range",
      { a: { p: "any", q: "any" } },
      { a: { p: 30_009, q: 30_001 } },
      { a: { p: 30_000, q: 30_001 } },
    ],
    ["assigns a freed number again", { a: { q: "any" } }, { a: { p: 30_000 } }, { a: { q: 30_000 } }],
    [
      "keeps the number of the first of two ports with the same number",
      { a: { p: "any" }, b: { p: "any" } },
      { a: { p: 30_001 }, b: { p: 30_001 } },
      { a: { p: 30_001 }, b: { p: 30_000 } },
    ],
  ])("%s", (_, requests, before, expected) => {
    expect(assign(requests, before)).toEqual({ ports: expected, problems: [] });
  });

  it("accepts names of built-in object properties", () => {
    const named = <T>(name: string, value: T): Record<string, T> => Object.fromEntries([[name, value]]);
    const requests: Requests = { a: named("constructor", "any"), ...named("constructor", { name: "any" as const }) };
    const { ports } = assign(requests, { a: {} });
    expect(Object.values(ports).flatMap(Object.values)).toEqual([30_000, 30_001]);
  });

  it("returns the ports sorted by name", () => {
    const { ports } = assign({ b: { z: 80, a: "any" }, a: { y: "any", x: 81 } }, { b: { a: 30_003 } });
    expect(JSON.stringify(ports)).toBe('{"a":{"x":81,"y":30000},"b":{"a":30003,"z":80}}');
  });

  it("refuses the same fixed number for several ports, with the names of the ports", () => {
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

  it("reports each port without a number if the range is exhausted", () => {
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
