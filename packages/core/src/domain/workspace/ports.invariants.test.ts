import fc from "fast-check";
import { expect, it } from "vitest";
import type { Problem } from "../checks/problem.ts";
import { assignPorts, type PortRequest } from "./ports.ts";

fc.configureGlobal({ seed: 1 });

const RANGE = { min: 100, max: 130 };
const name = fc.constantFrom("a", "b", "c", "d");
const options = fc.oneof(
  { weight: 3, arbitrary: fc.constant<PortRequest>("any") },
  { weight: 1, arbitrary: fc.integer({ min: 90, max: 140 }) },
);
const requests = fc.dictionary(name, fc.dictionary(name, options));
const numbers = fc.dictionary(name, fc.dictionary(name, fc.integer({ min: 90, max: 140 })));

function assign(wanted: Record<string, Record<string, PortRequest>>, before: Record<string, Record<string, number>>) {
  const problems: Problem[] = [];
  const ports = assignPorts(wanted, before, RANGE, (problem) => problems.push(problem));
  const given = Object.entries(ports).flatMap(([job, all]) =>
    Object.entries(all).map(([port, number]) => ({ job, port, number, options: wanted[job]?.[port] })),
  );
  return { ports, problems, given };
}

it("no number is assigned twice, whatever the previous state", () => {
  fc.assert(
    fc.property(requests, numbers, (wanted, before) => {
      const given = assign(wanted, before).given.map(({ number }) => number);
      expect(new Set(given).size).toBe(given.length);
    }),
  );
});

it("a requested number is assigned, and other numbers are within the range", () => {
  fc.assert(
    fc.property(requests, numbers, (wanted, before) => {
      for (const { number, options } of assign(wanted, before).given) {
        if (options !== "any") expect(number).toBe(options);
        else expect(number >= RANGE.min && number <= RANGE.max).toBe(true);
      }
    }),
  );
});

it("every port has a number or a problem", () => {
  fc.assert(
    fc.property(requests, numbers, (wanted, before) => {
      const { given, problems } = assign(wanted, before);
      expect(given.length + problems.length).toBe(Object.values(wanted).flatMap(Object.keys).length);
    }),
  );
});

it("a repeated assignment changes nothing", () => {
  fc.assert(
    fc.property(requests, numbers, (wanted, before) => {
      const once = assign(wanted, before);
      expect(assign(wanted, once.ports)).toEqual(once);
    }),
  );
});

it("an assigned number does not change with other jobs, unless one of them declares it as fixed", () => {
  fc.assert(
    fc.property(requests, requests, (first, second) => {
      const before = assign(first, {}).ports;
      const both = { ...second, stays: { port: "any" as const } };
      const kept = assign({ ...first, stays: { port: "any" } }, before).ports;
      const after = assign(both, kept);
      const number = kept.stays?.port;
      const fixed = Object.values(second).flatMap(Object.values).includes(number);
      if (number !== undefined && !fixed) expect(after.ports.stays?.port).toBe(number);
    }),
  );
});

it("the assigned numbers do not depend on the order of jobs and names", () => {
  const turned = <T>(record: Record<string, T>) => Object.fromEntries(Object.entries(record).reverse());
  fc.assert(
    fc.property(requests, numbers, (wanted, before) => {
      const other = turned(Object.fromEntries(Object.entries(wanted).map(([job, ports]) => [job, turned(ports)])));
      expect(assign(other, before)).toEqual(assign(wanted, before));
    }),
  );
});
