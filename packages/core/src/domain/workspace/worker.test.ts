import fc from "fast-check";
import { expect, it } from "vitest";
import { byPosition, compareHosts } from "./worker.ts";

fc.configureGlobal({ seed: 1 });

it("workers are sorted by position, then by host, with numbers in hosts compared by value", () => {
  const workers = [
    { position: 1, host: "10.0.0.1" },
    { position: 0, host: "10.0.0.10" },
    { position: 0, host: "web10" },
    { position: 0, host: "web9" },
    { position: 0, host: "10.0.0.2" },
    { position: -1, host: "zulu" },
  ];
  expect(workers.sort(byPosition).map(({ host }) => host)).toEqual([
    "zulu",
    "10.0.0.2",
    "10.0.0.10",
    "web9",
    "web10",
    "10.0.0.1",
  ]);
});

it("only identical hosts compare as equal", () => {
  const host = fc.oneof(fc.ipV4(), fc.stringMatching(/^[a-bA-B]{1,2}0{0,2}[0-2]?$/));
  fc.assert(
    fc.property(host, host, (a, b) => {
      expect(compareHosts(a, b) === 0).toBe(a === b);
      expect(Math.sign(compareHosts(a, b)) + Math.sign(compareHosts(b, a))).toBe(0);
    }),
  );
});
