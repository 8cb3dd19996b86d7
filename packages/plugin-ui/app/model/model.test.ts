import { describe, expect, it } from "vitest";
import type { PlanAllocation, Wake } from "../../src/contract.ts";
import { ended } from "./certificates.ts";
import { diffLines } from "./diff-lines.ts";
import { planGroups } from "./plan-groups.ts";
import { parseRoute, route, routeText } from "./route.ts";
import { ALLOCATION_SIGNS, RUN_SIGNS } from "./signs.ts";
import { agoText, durationText } from "./time-text.ts";
import { isWoken, wakePosition } from "./wakes.ts";
import { rowsToDraw, scrollToRow, windowRows } from "./window-rows.ts";

describe("the URL fragment of a route", () => {
  it.each([
    route("fleet"),
    route("job", "api"),
    route("worker", "fe80::1"),
    route("job", "<script>alert(1)</script>/?#%"),
    route("run", "3f2a", { job: "a b", worker: "10.0.0.1" }),
    route("fleet", "", { zone: ["a", "b"], q: "", sort: undefined }),
  ])("is parsed to the route that it was made from: %o", (to) => {
    const { page, name, query } = parseRoute(routeText(to));
    expect({ page, name, query: query.toString() }).toEqual({ ...to, query: to.query.toString() });
  });

  it.each(["", "#/", "#/nowhere", "#/job", "#/job/%E0%A4%A", "#/fleet/api", "#main", "#/constructor"])(
    "%s leads to the fleet",
    (fragment) => {
      expect(parseRoute(fragment)).toMatchObject({ page: "fleet", name: "" });
    },
  );
});

describe("the stream of notifications", () => {
  const wake = (seq: number, kind: Wake["kind"] = "fleet", epoch = "e1"): Wake => ({ seq, kind, epoch, at: "" });
  const gaps = (...wakes: readonly Wake[]) => {
    let position: ReturnType<typeof wakePosition>["next"] | undefined;
    return wakes.map((message) => {
      const { isGap, next } = wakePosition(position, message);
      position = next;
      return isGap;
    });
  };

  it("has no gap while numbers increase by one and a hello repeats the last number", () => {
    expect(gaps(wake(4, "hello"), wake(5), wake(6, "run"), wake(6, "hello"), wake(7))).not.toContain(true);
  });

  it("has a gap after a missed number, a hello that is ahead, a server restart, or a repeated number", () => {
    expect(
      gaps(wake(4), wake(6), wake(7), wake(9, "hello"), wake(10), wake(11, "fleet", "e2"), wake(11, "fleet", "e2")),
    ).toEqual([false, true, false, true, false, true, true]);
  });

  it("notifies the listeners of the same kind and run", () => {
    const run: Wake = { ...wake(1, "run"), run: "r1" };
    expect([isWoken(run, ["fleet"], undefined), isWoken(run, ["run"], "r2")]).toEqual([false, false]);
    expect([isWoken(run, ["run"], undefined), isWoken(run, ["run"], "r1")]).toEqual([true, true]);
  });
});

describe("the symbols of states", () => {
  it.each([
    ["allocations", ALLOCATION_SIGNS],
    ["runs", RUN_SIGNS],
  ])("of %s differ from each other even without colour", (_, table) => {
    const signs = Object.values(table).map(({ sign }) => sign);
    expect(new Set(signs).size).toBe(signs.length);
    expect(new Set(Object.values(table).map(({ text }) => text)).size).toBe(signs.length);
  });
});

describe("a diff", () => {
  it("has numbered lines, even for lines that look like headers", () => {
    const text =
      "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n same\n--- old\n+++ new\n\\ No newline at end of file\n";
    expect(diffLines(text)).toEqual([
      { kind: "place", text: "@@ -1,2 +1,2 @@", before: undefined, after: undefined },
      { kind: "same", text: "same", before: 1, after: 1 },
      { kind: "removed", text: "-- old", before: 2, after: undefined },
      { kind: "added", text: "++ new", before: undefined, after: 2 },
      { kind: "note", text: "No newline at end of file", before: undefined, after: undefined },
    ]);
  });

  it("shows only that a secret changed", () => {
    const text = "diff --git a/f b/f\nnot shown because it contains a secret: 9 bytes, sha256 a -> 9 bytes, sha256 b\n";
    expect(diffLines(text).map((line) => line.text)).toEqual(["changed (hidden)"]);
  });
});

describe("a plan", () => {
  const allocation = (worker_ip: string, reasons: readonly string[]): PlanAllocation => ({
    ...{ worker_ip, action: "restart", reasons, matched: [], current_version: "1", new_version: "2", files: [] },
  });

  it("groups workers with the same change, however many there are", () => {
    const all = [...Array(300).keys()].map((at) => allocation(`w${at}`, at === 7 ? ["forced"] : ["version"]));
    expect(planGroups(all).map(({ first, workers }) => [first.reasons[0], workers.length])).toEqual([
      ["version", 299],
      ["forced", 1],
    ]);
  });
});

it("certificates are sorted by expiry, after invalid certificates", () => {
  const certificate = (status: "ok" | "expiring" | "invalid", days_left: number | null) => ({
    ...{ scope: "job" as const, job: "api", worker: "w1", cert: "tls", common_name: null, not_after: null },
    ...{ status, days_left },
  });
  const all = [certificate("ok", 80), certificate("expiring", 9), certificate("invalid", null), certificate("ok", 30)];
  expect(ended(all).map(({ days_left }) => days_left)).toEqual([null, 9, 30, 80]);
});

describe("a long list", () => {
  it("has only the rows in view and a few more", () => {
    expect(windowRows(1000, 28, 0, 560)).toEqual({ first: 0, end: 26 });
    expect(windowRows(1000, 28, 14_000, 560)).toEqual({ first: 494, end: 526 });
    expect(windowRows(1000, 28, 1_000_000, 560)).toEqual({ first: 999, end: 1000 });
    expect(windowRows(0, 28, 0, 560)).toEqual({ first: 0, end: 0 });
  });

  it("draws the row with the focus at any scroll position", () => {
    expect(rowsToDraw(1000, 28, 14_000, 560, 3)).toEqual([...[...Array(32).keys()].map((at) => 494 + at), 3]);
    expect(rowsToDraw(1000, 28, 0, 56, 1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(rowsToDraw(10, 28, 0, 56, -1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("scrolls only as far as needed to show a row", () => {
    expect([scrollToRow(2, 28, 280, 560), scrollToRow(15, 28, 280, 560), scrollToRow(40, 28, 280, 560)]).toEqual([
      56, 280, 588,
    ]);
  });
});

it.each([
  [0, "0.0s", "now"],
  [4_249, "4.2s", "4 s ago"],
  [65_000, "1m05s", "65 s ago"],
  [11_220_000, "3h07m", "3 h ago"],
  [190_000_000, "2d04h", "2 days ago"],
])("%d ms are shown as %s, and as %s", (ms, duration, ago) => {
  expect([durationText(ms), agoText(ms)]).toEqual([duration, ago]);
});
