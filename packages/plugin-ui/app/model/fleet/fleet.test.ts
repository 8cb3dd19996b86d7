import { describe, expect, it } from "vitest";
import type { FleetAnswer, FleetWorker, Level } from "../../../src/contract.ts";
import { stateCounts } from "./fleet-counts.ts";
import { filterFleet, filterOf } from "./fleet-filter.ts";
import { moveCell } from "./move-cell.ts";

const STATES = [
  { key: "health_failed", sign: "!", text: "health check failed", level: "bad" },
  { key: "paused", sign: "=", text: "paused", level: "warn" },
  { key: "moonlit", sign: "*", text: "lit by the moon", level: "warn" },
  { key: "promoted", sign: "o", text: "promoted", level: "ok" },
  { key: "none", sign: ".", text: "not placed here", level: "none" },
] as const;

function worker(position: number, cells: string, level: Level, more: Partial<FleetWorker> = {}): FleetWorker {
  const host = `10.0.0.${position + 1}`;
  return { host, hostname: null, position, zone: null, labels: [], note: null, level, cells, ...more };
}

const WORKERS = [
  worker(0, "oo.", "ok", { zone: "a", labels: ["worker", "edge"] }),
  worker(1, "o=o", "warn", { zone: "b", labels: ["worker"], hostname: "Build-Box" }),
  worker(2, "oo!", "bad", { zone: "b", labels: ["edge"] }),
];

const FLEET: FleetAnswer = {
  ...{ seq: 1, at: "2026-01-31T12:00:00.000Z", states: STATES, workers: WORKERS, total: 3, all: 3, next: null },
  ...{ labels: ["edge", "worker"], zones: ["a", "b"] },
  jobs: [{ promoted: 3 }, { promoted: 2, paused: 1 }, { promoted: 1, health_failed: 1 }].map((counts, at) => ({
    ...{ name: ["api", "web", "db"][at] ?? "", wave: at, running: [], target: "1.0.0", held: false },
    counts: counts as Record<string, number>,
  })),
};

const shown = (query: string) => {
  const { workers, columns } = filterFleet(FLEET, filterOf(new URLSearchParams(query)));
  return [workers.map(({ position }) => position).join(""), columns.map(({ job }) => job.name).join(" ")];
};

describe("the fleet", () => {
  it("shows workers and jobs with problems first", () => {
    expect(shown("")).toEqual(["210", "db web api"]);
    expect(shown("sort=position")).toEqual(["012", "api web db"]);
  });

  it.each([
    ["zone=b", "21"],
    ["zone=a&zone=b", "210"],
    ["label=edge", "20"],
    ["label=edge&zone=a", "0"],
    ["q=0.0.2", "1"],
    ["q=%20build", "1"],
    ["state=paused", "1"],
    ["state=paused&state=health_failed", "21"],
    ["state=paused&job=db", ""],
    ["job=db", "21"],
    ["label=nowhere", ""],
  ])("shows only the workers that match all parts of the filter %s", (query, expected) => {
    expect(shown(query)[0]).toBe(expected);
  });

  it("shows the columns and cells of the jobs in a filter by job", () => {
    const { columns } = filterFleet(FLEET, filterOf(new URLSearchParams("job=db&job=api")));
    expect(columns.map(({ job, at }) => [job.name, at])).toEqual([
      ["db", 2],
      ["api", 0],
    ]);
  });

  it("counts the states of all workers: unknown states of a newer maand first, then the most urgent", () => {
    const fleet = { ...FLEET, jobs: FLEET.jobs.map((job) => ({ ...job, counts: { ...job.counts, moonlit: 1 } })) };
    expect(stateCounts(fleet).map(({ key, sign, count }) => `${key} ${sign} ${count}`)).toEqual([
      "moonlit * 3",
      "health_failed ✚ 1",
      "paused = 1",
      "promoted • 6",
    ]);
  });
});

describe("the selected cell of a grid", () => {
  const size = { rows: 1000, columns: 50, page: 20 };

  it.each([
    [{ row: 5, column: 3 }, "ArrowDown", { row: 6, column: 3 }],
    [{ row: 5, column: 3 }, "ArrowLeft", { row: 5, column: 2 }],
    [{ row: 5, column: 0 }, "ArrowLeft", { row: 5, column: -1 }],
    [{ row: 5, column: 49 }, "ArrowRight", { row: 5, column: 49 }],
    [{ row: 0, column: 3 }, "ArrowUp", { row: -1, column: 3 }],
    [{ row: 0, column: -1 }, "ArrowUp", { row: -1, column: 0 }],
    [{ row: 990, column: 3 }, "PageDown", { row: 999, column: 3 }],
    [{ row: 3, column: 3 }, "PageUp", { row: 0, column: 3 }],
    [{ row: 3, column: 3 }, "End", { row: 999, column: 3 }],
    [{ row: 3, column: 3 }, "Home", { row: 0, column: 3 }],
  ])("moves from %o with %s", (from, key, to) => {
    expect(moveCell(from, key, size)).toEqual(to);
  });

  it("does not move with other keys", () => {
    expect(moveCell({ row: 0, column: 0 }, "Tab", size)).toBeUndefined();
  });
});
