import { expect, test } from "vitest";
import { pauseBefore } from "./connect-with-retry.ts";

const middle = () => 0.5;

function pauses(failure: "refused" | "reset" | "final"): number[] {
  const waits: number[] = [];
  for (let tries = 1; ; tries++) {
    const wait = pauseBefore(failure, tries, middle);
    if (wait === undefined) return waits;
    waits.push(wait);
  }
}

test("a refused connection is retried twice, a connection that closed early is retried more often, and other failures are not retried", () => {
  expect(pauses("refused")).toEqual([100, 100]);
  expect(pauses("reset")).toEqual([100, 200, 400, 800, 1600, 3200]);
  expect(pauses("final")).toEqual([]);
});
