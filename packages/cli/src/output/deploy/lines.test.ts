import { styleFor } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import { expect, it } from "vitest";
import { eventLines } from "./lines.ts";

const lines = eventLines(styleFor({}, {}, true), false);
const every = { seq: 1, at: "", run: "r" };
const BAD = "\u001b]0;owned\u0007 50 %\r100 %\tdone";
const SHOWN = "\\x1b]0;owned\\x07 50 %\\x0d100 %\tdone";

it("control characters in a job's output do not reach the operator's terminal", () => {
  const event: MaandEvent = {
    ...every,
    type: "output",
    job: "api",
    worker: "10.0.0.1",
    stream: "stdout",
    line: BAD,
  };
  expect(lines(event)).toEqual([`api@10.0.0.1 | ${SHOWN}`]);
});

it("nor when the output is repeated with a failed command", () => {
  const event: MaandEvent = {
    ...every,
    type: "action.finished",
    job: "api",
    worker: "10.0.0.1",
    action: "start",
    outcome: "failed",
    exit: 2,
    message: "no",
    output: [BAD],
    duration_ms: 3,
  };
  expect(lines(event).at(-1)).toBe(`  | ${SHOWN}`);
});
