import { expect, it } from "vitest";
import { compare, resultsOf } from "./results.ts";
import { median, tableOf } from "./table.ts";

const AT = new Date(0);

function results(ms: number, baselineMs = 10) {
  const rows = [
    { name: "baseline", ms: [baselineMs] },
    { name: "deploy", ms: [ms], baseline: "baseline", goal: 2 },
  ];
  return resultsOf([{ title: "deploy", rows }], AT);
}

it("a row is slower if its ratio to the baseline grows, even on a faster machine", () => {
  const { worse, lines } = compare(results(15), results(24), 0.2);
  expect(worse).toBe(1);
  expect(lines.join("\n")).toContain("slower    +60%  1.50 -> 2.40 x baseline  deploy: deploy");
  expect(compare(results(15), results(150, 100), 0.2).worse).toBe(0);
});

it("a comparison accepts changes within the threshold, new rows and missing rows", () => {
  expect(compare(results(15), results(17), 0.2).worse).toBe(0);
  const other = resultsOf([{ title: "deploy", rows: [{ name: "other", ms: [1] }] }], AT);
  const { worse, lines } = compare(results(15), other, 0.2);
  expect(worse).toBe(0);
  expect(lines).toEqual(["new      deploy: other", "missing  deploy: baseline", "missing  deploy: deploy"]);
});

it("results contain the machine and the versions of programs", () => {
  const { machine, versions, maand } = results(1);
  expect(machine).toMatchObject({ cores: expect.any(Number), kernel: expect.any(String) });
  expect(versions).toMatchObject({ node: process.version });
  expect(maand).toMatch(/^\d/);
});

it("a table shows the median, the ratio to the baseline, and each missed goal", () => {
  expect(median([9, 1, 5])).toBe(5);
  const table = tableOf([
    { name: "baseline", ms: [10] },
    { name: "fast", ms: [15], baseline: "baseline", goal: 2 },
    { name: "slow", ms: [10, 30, 20.4], baseline: "baseline", goal: 2 },
  ]);
  expect(table.split("\n")).toEqual([
    "          min  median  max ms  x baseline      goal",
    "baseline   10      10      10",
    "fast       15      15      15        1.50         2",
    "slow       10      20      30        2.04  missed 2",
  ]);
});

it("a row with a number of operations is compared by the time of one operation", () => {
  const table = tableOf([
    { name: "few", ms: [2_000], cpuMs: [100], count: 100 },
    { name: "many", ms: [9_000], cpuMs: [1_200], count: 1_000, by: "cpuMs", baseline: "few", goal: 1.1 },
  ]);
  expect(table.split("\n")[2]).toMatch(/^many .* 1200 +1200 +1\.20 +missed 1\.1$/);
});
