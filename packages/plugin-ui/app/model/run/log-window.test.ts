import { describe, expect, it } from "vitest";
import type { LogAnswer } from "../../../src/contract.ts";
import { linesOf, newerThan, olderThan, openWindow, rowOf, visibleText, withNewer, withOlder } from "./log-window.ts";

/** Lines `from` to before `to` of a log with `size` lines, whose positions are numbers of lines. */
function answer(from: number, to: number, size: number): LogAnswer {
  const lines = Array.from({ length: to - from }, (_, at) => ({
    ...{ seq: from + at, at: "2026-01-31T12:00:00.000Z", stream: "stdout" as const, job: "api", worker: "w1" },
    text: `line ${from + at}`,
  }));
  return { lines, before: from === 0 ? null : from, after: to, size };
}

describe("a log", () => {
  const SIZE = 100_000;
  const MOST = 2000;

  it("opens at its end, and can be followed", () => {
    const opened = openWindow(answer(SIZE - 500, SIZE, SIZE));
    const followed = withNewer(opened, answer(SIZE, SIZE + 3, SIZE + 3));
    expect([newerThan(opened), followed.isAtEnd, newerThan(followed)]).toEqual([SIZE, true, SIZE + 3]);
    expect(linesOf(followed).at(-1)?.text).toBe(`line ${SIZE + 2}`);
  });

  it("can be read to its beginning, with a limited number of consecutive lines in memory", () => {
    let kept = openWindow(answer(SIZE - MOST, SIZE, SIZE));
    for (let before = olderThan(kept); before !== null; before = olderThan(kept)) {
      kept = withOlder(kept, answer(Math.max(0, before - MOST), before, SIZE));
      expect(linesOf(kept).length).toBeLessThanOrEqual(20_000);
    }
    expect(linesOf(kept).every(({ seq }, at) => seq === at)).toBe(true);
    expect([linesOf(kept).length, kept.isAtEnd, newerThan(kept)]).toEqual([20_000, false, 20_000]);
  });

  it("can be read from its beginning to its end", () => {
    let kept = openWindow(answer(0, MOST, SIZE));
    while (newerThan(kept) < SIZE) kept = withNewer(kept, answer(newerThan(kept), newerThan(kept) + MOST, SIZE));
    expect(kept.isAtEnd).toBe(true);
    expect([linesOf(kept).length, linesOf(kept).at(-1)?.seq]).toEqual([20_000, SIZE - 1]);
  });

  it("merges the many short responses of a followed log into a few chunks", () => {
    let kept = openWindow(answer(0, 1, 1));
    for (let at = 1; at < 3000; at += 1) kept = withNewer(kept, answer(at, at + 1, at + 1));
    expect([kept.chunks.length, olderThan(kept)]).toEqual([6, null]);
    expect(linesOf(kept).map(({ seq }) => seq)).toEqual([...Array(3000).keys()]);
  });
});

it("a line keeps its position in view when lines above are added and lines below are removed", () => {
  const opened = openWindow(answer(50_000, 52_000, 100_000));
  let kept = opened;
  for (let before = olderThan(kept); before !== null && before > 20_000; before = olderThan(kept))
    kept = withOlder(kept, answer(before - 2000, before, 100_000));
  const row = rowOf(linesOf(kept), 30_000);
  expect(linesOf(kept)[row]?.text).toBe("line 30000");
  expect([rowOf(linesOf(kept), 0), rowOf(linesOf(kept), 99_000)]).toEqual([0, linesOf(kept).length]);
  expect(linesOf(kept).some(({ seq }) => seq === 50_000)).toBe(false);
});

it("control characters in a line of a log are escaped, and colours are removed", () => {
  expect(visibleText("\x1b[1;31merror\x1b[0m\tin a\u202ecod.exe\x07\x1b]0;title")).toBe(
    "error\tin a\\x202ecod.exe\\x07\\x1b]0;title",
  );
});
