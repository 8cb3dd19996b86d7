import { describe, expect, it } from "vitest";
import type { Release } from "./release.ts";
import { type ChangedBy, revertTarget } from "./revert-target.ts";

const release = (number: number, more: Partial<Release> = {}): Release => ({
  job: "api",
  number,
  digest: `d${number}`,
  version: `1.${number}.0`,
  createdAt: "2026-01-01T00:00:00.000Z",
  createdBy: "anna",
  deployed: true,
  ...more,
});
const good = (number: number) => release(number, { goodAt: `2026-01-0${number}T00:00:00.000Z` });
const bad = (number: number) => release(number, { bad: "it failed" });
const ran = (number: number | undefined): ChangedBy => ({ ran: true, release: number });
const started: ChangedBy = { ran: false, release: undefined };

describe("a failed rollout goes back", () => {
  it.each<[string, Release[], ChangedBy[], object]>([
    ["to the previous release", [bad(3), good(2), good(1)], [ran(2), ran(2)], { kind: "release", number: 2 }],
    [
      "to the newest of the previous releases",
      [bad(3), good(2), good(1)],
      [ran(1), ran(2)],
      { kind: "release", number: 2 },
    ],
    [
      "past a bad release to the release that ran on other workers",
      [bad(3), bad(2), good(1)],
      [ran(2), ran(1)],
      { kind: "release", number: 1 },
    ],
    [
      "past bad ones to the last good one",
      [bad(4), bad(3), good(2), good(1)],
      [ran(3)],
      { kind: "release", number: 2 },
    ],
    ["to a release that never was good, if it ran", [bad(3), release(2)], [ran(2)], { kind: "release", number: 2 }],
    ["nowhere from a first release: it is stopped", [bad(1)], [started], { kind: "park" }],
    ["only on new workers, if it is good elsewhere", [good(1)], [started], { kind: "starts" }],
    ["nowhere if it equals the previous release", [good(2), good(1)], [ran(2)], { kind: "none" }],
    [
      "to the last good one if it ran before, but never was good",
      [bad(2), good(1)],
      [ran(2)],
      { kind: "release", number: 1 },
    ],
    ["nowhere if the previous release is unknown", [bad(1)], [ran(undefined)], { kind: "none" }],
    [
      "to the previous release, whatever else it started",
      [bad(2), good(1)],
      [started, ran(1)],
      { kind: "release", number: 1 },
    ],
  ])("%s", (_, releases, changed, wanted) => {
    expect(revertTarget(releases[0]?.number ?? 0, changed, releases)).toEqual(wanted);
  });
});
