import { expect, test } from "vitest";
import { PidLine } from "./pid-line.ts";

function take(...chunks: readonly string[]) {
  const seen: { pid?: number; text: string } = { text: "" };
  const line = new PidLine(
    (pid) => {
      seen.pid = pid;
    },
    (chunk) => {
      seen.text += chunk;
    },
  );
  for (const chunk of chunks) line.push(Buffer.from(chunk));
  line.end();
  return seen;
}

test.each([
  ["alone", ["maand-pid 7\n"], { pid: 7, text: "" }],
  ["cut anywhere", ["maa", "nd-pid 1", "2\n", "rest"], { pid: 12, text: "rest" }],
  ["behind a complaint of sudo", ["sudo: host?\nmaand-pid 7\nrest\n"], { pid: 7, text: "sudo: host?\nrest\n" }],
  ["never", ["some error\n", "more"], { text: "some error\nmore" }],
  ["only the first", ["maand-pid 7\n", "maand-pid 8\n"], { pid: 7, text: "maand-pid 8\n" }],
  ["not within a line", ["x maand-pid 7\n"], { text: "x maand-pid 7\n" }],
])("the wrapper's line: %s", (_, chunks, expected) => {
  expect(take(...chunks)).toEqual(expected);
});

test("is given up after a few kilobytes", () => {
  const long = "x".repeat(5000);
  expect(take(long, "\nmaand-pid 7\n")).toEqual({ text: `${long}\nmaand-pid 7\n` });
});
