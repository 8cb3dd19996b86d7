import { expect, it } from "vitest";
import { hintForWorkers } from "./hint-for-workers.ts";

const hosts = [...Array(9).keys()].map((last) => `10.0.0.${last + 1}`);

it.each([
  ["maand worker trust --workers 10.0.0.1", `maand worker trust --workers ${hosts.join(",")}`],
  ["maand job stop api --allocations=10.0.0.1 -y", `maand job stop api --allocations=${hosts.join(",")} -y`],
  ["as root on 10.0.0.1: chage -M -1 deploy", `as root on ${hosts.join(", ")}: chage -M -1 deploy`],
  ["install it on 10.0.0.1", `install it on ${hosts.join(", ")}`],
])("the hint of several workers names all of them: %s", (hint, expected) => {
  expect(hintForWorkers(hint, "10.0.0.1", hosts)).toBe(expected);
});

it.each([
  "look at 10.0.0.10",
  "look at 10.0.0.1.example",
  "look at x-10.0.0.1",
  "look at 10.0.0.1:22",
  "look at /srv/10.0.0.1/jobs",
])("a name that only contains the address is not replaced: %s", (hint) => {
  expect(hintForWorkers(hint, "10.0.0.1", hosts)).toBe(hint);
});

it("the hint for a single worker is not changed", () => {
  expect(hintForWorkers("install it on 10.0.0.1", "10.0.0.1", ["10.0.0.1"])).toBe("install it on 10.0.0.1");
});
