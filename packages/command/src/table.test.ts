import { describe, expect, it } from "vitest";
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

describe("on a screen", () => {
  const columns = [
    "key",
    { name: "value", least: 8 },
    { name: "made", leave: 1 },
    { name: "n", numeric: true, leave: 2 },
  ];
  const rows = [["some-key", "a value that is long", "2026-11-28", 7]] as const;
  const drawn = (room?: number) => table(columns as Parameters<typeof table>[0], rows, room).split("\n");

  it("with room for it a table is as it is without one", () => {
    expect(drawn(200)).toEqual(drawn());
    expect(drawn((drawn()[0] ?? "").length)).toEqual(drawn());
  });

  it("cells are cut first, with dots, and no wider than the screen", () => {
    expect(drawn(47)[3]).toBe("│ some-key │ a value that... │ 2026-11-28 │ 7 │");
  });

  it("then columns are left out one by one, and what that frees is used", () => {
    expect(drawn(35).slice(1, 4)).toEqual([
      "│ KEY      │ VALUE            │ N │",
      "├──────────┼──────────────────┼───┤",
      "│ some-key │ a value that ... │ 7 │",
    ]);
    expect(drawn(23)[3]).toBe("│ some-key │ a val... │");
  });

  it("what nothing more can be taken from is drawn wider than the screen", () => {
    expect(drawn(5)[3]).toBe("│ some-key │ a val... │");
  });

  it("cuts wide characters and combining marks whole", () => {
    const cut = (text: string) => table([{ name: "v", least: 6 }], [[text]], 10).split("\n")[3];
    expect(cut("日本語日本語")).toBe("│ 日...  │");
    expect(cut("e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301")).toBe("│ e\u0301e\u0301e\u0301... │");
  });
});
