import { expect, it } from "vitest";
import { reasonIn } from "./failure-reason.ts";

it.each([
  [["Traceback (most recent call last):", '  File "x.py", line 1', "    main()", "ValueError: no"], "ValueError: no"],
  [
    ["maand.KvError: read a b: there is no such key (404)", "maand: write x: refused"],
    "maand.KvError: read a b: there is no such key (404)",
  ],
  [
    [
      "command_x.js:2",
      'throw new Error("no");',
      "      ^",
      "",
      "Error: no",
      "    at command_x.js:2:7",
      "",
      "Node.js v20.19.0",
    ],
    "Error: no",
  ],
  [["TypeError [ERR_X]: bad", "    at x {", "  code: 'ERR_X'", "}", ""], "TypeError [ERR_X]: bad"],
  [["psql: could not connect", ""], "psql: could not connect"],
  [["  indented only"], undefined],
  [[], undefined],
])("the reason for a failure with the output %j is %j", (lines, reason) => expect(reasonIn(lines)).toBe(reason));

it("a long reason for a failure is truncated", () =>
  expect(reasonIn([`Error: ${"x".repeat(1000)}`])).toHaveLength(303));
