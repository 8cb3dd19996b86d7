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

describe("the revert of a failed rollout", () => {
  it.each<[string, Release[], ChangedBy[], object]>([
    ["deploys the previous release", [bad(3), good(2), good(1)], [ran(2), ran(2)], { kind: "release", number: 2 }],
    [
      "deploys the newest of the previous releases",
      [bad(3), good(2), good(1)],
      [ran(1), ran(2)],
      { kind: "release", number: 2 },
    ],
    [
      "skips a bad release and deploys the previous release of other workers",
      [bad(3), bad(2), good(1)],
      [ran(2), ran(1)],
      { kind: "release", number: 1 },
    ],
    [
      "skips bad releases and deploys the last good one",
      [bad(4), bad(3), good(2), good(1)],
      [ran(3)],
      { kind: "release", number: 2 },
    ],
    [
      "deploys a release that ran before, even if it was never good",
      [bad(3), release(2)],
      [ran(2)],
      { kind: "release", number: 2 },
    ],
    ["stops a first release", [bad(1)], [started], { kind: "park" }],
    ["stops only first starts if the release was good on other workers", [good(1)], [started], { kind: "starts" }],
    ["changes nothing if the previous release is the same", [good(2), good(1)], [ran(2)], { kind: "none" }],
    [
      "deploys the last good release if the failed one ran before, but never was good",
      [bad(2), good(1)],
      [ran(2)],
      { kind: "release", number: 1 },
    ],
    ["changes nothing if the previous release is unknown", [bad(1)], [ran(undefined)], { kind: "none" }],
    [
      "deploys the previous release even if the rollout also started new allocations",
      [bad(2), good(1)],
      [started, ran(1)],
      { kind: "release", number: 1 },
    ],
  ])("%s", (_, releases, changed, wanted) => {
    expect(revertTarget(releases[0]?.number ?? 0, changed, releases)).toEqual(wanted);
  });
});
