import { styleFor } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import { expect, it } from "vitest";
import { eventLines } from "./lines.ts";

const reader = () => eventLines({ style: styleFor({}, {}, true) });
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
  expect(reader()(event)).toEqual([`api@10.0.0.1 | ${SHOWN}`]);
});

const FAILED: MaandEvent = {
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

it("control characters are also escaped in the output that is repeated after a failed command", () => {
  expect(reader()(FAILED).at(-1)).toBe(`  | ${SHOWN}`);
});

it("output that was printed while a step ran is not repeated when it fails", () => {
  const lines = reader();
  const output: MaandEvent = { ...every, type: "output", job: "api", worker: "10.0.0.1", stream: "stdout", line: BAD };
  lines(output);
  expect(lines(FAILED)).toEqual(["failed start api@10.0.0.1 3ms no"]);
  lines({ ...FAILED, type: "action.started", current_version: "1", new_version: "2", resumes: null });
  expect(lines(FAILED)).toEqual(["failed start api@10.0.0.1 3ms no", `  | ${SHOWN}`]);
});
