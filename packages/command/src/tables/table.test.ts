import { describe, expect, it } from "vitest";
import { table } from "./table.ts";

it("a table has rounded corners, an upper-case header, and right-aligned numbers", () => {
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

it("a table is plain ASCII for a terminal that only shows ASCII", () => {
  const lines = table(["job", { name: "seq", numeric: true }], [["api", 1]], { ascii: true }).split("\n");
  expect(lines).toEqual(["+-----+-----+", "| JOB | SEQ |", "+-----+-----+", "| api |   1 |", "+-----+-----+"]);
});

it("a table has one line per row, whatever a cell contains", () => {
  const lines = table(["value"], [["a\nb\u001b[2Jc"]]).split("\n");
  expect(lines).toHaveLength(5);
  expect(lines[3]).toBe("│ a b [2Jc │");
});

it("a table aligns wide characters and combining marks", () => {
  const lines = table(["v"], [["日本"], ["e\u0301"], ["abcd"]]).split("\n");
  expect(lines.slice(3, 6)).toEqual(["│ 日本 │", "│ e\u0301    │", "│ abcd │"]);
});

it("a table can have a hundred thousand rows", () => {
  const rows = Array.from({ length: 100_000 }, (_, at) => [`job${at}`, at]);
  expect(table(["job", { name: "n", numeric: true }], rows).length).toBeGreaterThan(100_000 * 20);
});

describe("a table on a terminal", () => {
  const columns = [
    "key",
    { name: "value", minWidth: 8 },
    { name: "made", dropOrder: 1 },
    { name: "n", numeric: true, dropOrder: 2 },
  ];
  const rows = [["some-key", "a value that is long", "2026-11-28", 7]] as const;
  const drawn = (maxWidth?: number) =>
    table(columns as Parameters<typeof table>[0], rows, { columns: maxWidth }).split("\n");

  it("is printed unchanged if it fits", () => {
    expect(drawn(200)).toEqual(drawn());
    expect(drawn((drawn()[0] ?? "").length)).toEqual(drawn());
  });

  it("truncates cells with an ellipsis if it is too wide", () => {
    expect(drawn(47)[3]).toBe("│ some-key │ a value that... │ 2026-11-28 │ 7 │");
  });

  it("omits columns one by one if truncating cells is not enough, and uses the full width", () => {
    expect(drawn(35).slice(1, 4)).toEqual([
      "│ KEY      │ VALUE            │ N │",
      "├──────────┼──────────────────┼───┤",
      "│ some-key │ a value that ... │ 7 │",
    ]);
    expect(drawn(23)[3]).toBe("│ some-key │ a val... │");
  });

  it("is wider than the terminal if it cannot shrink further", () => {
    expect(drawn(5)[3]).toBe("│ some-key │ a val... │");
  });

  it("truncates the widest remaining column as a last resort, but never a column marked as whole", () => {
    const lines = (...names: Parameters<typeof table>[0]) =>
      table(names, [["a-rather-long-name-of-a-job", "another-long-name"]], { columns: 30 }).split("\n");
    expect(lines("job", "worker")[3]).toBe("│ a-rather... │ another-l... │");
    expect(lines("job", { name: "worker", whole: true })[3]).toBe("│ a-rat... │ another-long-name │");
    expect(lines("job", "worker").every((line) => line.length === 30)).toBe(true);
  });

  it("truncates before a wide character or combining mark, never within it", () => {
    const cut = (text: string) => table([{ name: "v", minWidth: 6 }], [[text]], { columns: 10 }).split("\n")[3];
    expect(cut("日本語日本語")).toBe("│ 日...  │");
    expect(cut("e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301")).toBe("│ e\u0301e\u0301e\u0301... │");
  });
});
