import { expect, it } from "vitest";
import { table } from "./table.ts";

it("has rounded corners, a header in capitals, and numbers to the right", () => {
  expect(
    table(
      ["job", { name: "seq", numeric: true }],
      [
        ["api", 1],
        ["web", 12],
      ],
    ).split("\n"),
  ).toEqual(["╭─────┬─────╮", "│ JOB │ SEQ │", "├─────┼─────┤", "│ api │   1 │", "│ web │  12 │", "╰─────┴─────╯"]);
});

it("keeps a row on one line, whatever a cell holds", () => {
  const lines = table(["value"], [["a\nb\u001b[2Jc"]]).split("\n");
  expect(lines).toHaveLength(5);
  expect(lines[3]).toBe("│ a b [2Jc │");
});

it("lines up wide characters and combining marks", () => {
  const lines = table(["v"], [["日本"], ["e\u0301"], ["abcd"]]).split("\n");
  expect(lines.slice(3, 6)).toEqual(["│ 日本 │", "│ e\u0301    │", "│ abcd │"]);
});

it("draws a hundred thousand rows", () => {
  const rows = Array.from({ length: 100_000 }, (_, at) => [`job${at}`, at]);
  expect(table(["job", { name: "n", numeric: true }], rows).length).toBeGreaterThan(100_000 * 20);
});
