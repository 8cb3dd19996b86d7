import { expect, it } from "vitest";
import { foldRows } from "./fold-rows.ts";

const FOLD = { at: 1, word: "worker", except: [3] } as const;
const host = (at: number) => `10.0.0.${at + 1}`;

/** Rows of one job on this number of workers: job, worker, state, and an id that differs. */
function rows(job: string, count: number, state = "promoted"): (readonly [string, string, string, string])[] {
  return [...Array(count).keys()].map((at) => [job, host(at), state, `${job}-${at}`]);
}

it("many rows in the same state are merged into one row, without the values that differ", () => {
  expect(foldRows([...rows("api", 62), ...rows("db", 20)], FOLD)).toEqual([
    ["api", "62 workers", "promoted", ""],
    ["db", "20 workers", "promoted", ""],
  ]);
});

it("rows in another state are not merged, and keep their order", () => {
  const all = [...rows("api", 3, "in_doubt"), ...rows("api", 40)];
  expect(foldRows(all, FOLD)).toEqual([...rows("api", 3, "in_doubt"), ["api", "40 workers", "promoted", ""]]);
});

it("a merged row shows a value that is equal in all its rows", () => {
  const same = rows("api", 30).map((row) => [...row.slice(0, 3), "x"]);
  expect(foldRows(same, FOLD)).toEqual([["api", "30 workers", "promoted", "x"]]);
});

it("short tables, and long tables without equal rows, stay unchanged", () => {
  const few = rows("api", 20);
  const different = [...Array(30).keys()].map((at) => ["api", host(at), `state ${at}`, "x"]);
  expect([foldRows(few, FOLD) === few, foldRows(different, FOLD) === different]).toEqual([true, true]);
});
