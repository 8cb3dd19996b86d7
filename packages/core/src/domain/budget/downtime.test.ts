import { describe, expect, it } from "vitest";
import { type Away, type AwayCause, awayOf } from "./away.ts";
import { budgetOf } from "./budget.ts";
import { type DowntimeKind, decideDowntime, type JobAvailability, jobsToCheck } from "./downtime.ts";
import { refusalHint, refusalText } from "./refusal-text.ts";

const [A, B, C, D] = ["h1", "h2", "h3", "h4"] as const;

function state(size: number, away: Readonly<Record<string, AwayCause | Away>> = {}, isWritten = true): JobAvailability {
  const found = Object.entries(away).map(([host, one]): [string, Away] => [
    host,
    typeof one === "string" ? { host, cause: one } : one,
  ]);
  return { job: "api", budget: { size, total: 4, isWritten }, away: new Map(found) };
}

function decide(kind: DowntimeKind, hosts: readonly string[], api: JobAvailability) {
  const units = hosts.map((host) => ({ host, jobs: ["api"] }));
  const { granted, refused } = decideDowntime(kind, units, new Map([["api", api]]));
  return {
    granted: granted.map(({ host }) => host),
    refused: refused.map(({ unit, refusal }) => `${unit.host}: ${refusalText(refusal)}`),
    hints: refused.map(({ refusal }) => refusalHint(refusal)),
  };
}

describe("the size of an availability budget", () => {
  const size = (maxUnavailable: number | `${number}%` | undefined, total: number, batch: number | `${number}%` = 1) =>
    budgetOf({ maxConcurrentUpgrades: batch, ...(maxUnavailable === undefined ? {} : { maxUnavailable }) }, total);

  it.each([
    [1, 4, 1],
    [9, 4, 4],
    ["25%", 4, 1],
    ["25%", 7, 1],
    ["25%", 8, 2],
    ["10%", 3, 1],
    ["100%", 3, 3],
    [1, 1, 1],
    ["1%", 0, 1],
  ] as const)(
    "with max_unavailable %s and %i allocations is %i: rounded down, at least 1",
    (written, total, expected) => {
      expect(size(written, total)).toEqual({ size: expected, total, isWritten: true });
    },
  );

  it("is the size of an upgrade batch if the manifest sets no max_unavailable", () => {
    expect(size(undefined, 4, 2)).toEqual({ size: 2, total: 4, isWritten: false });
    expect(size(undefined, 8, "50%").size).toBe(4);
  });
});

describe("a request for downtime", () => {
  it("is granted within the budget, and granted allocations count against the budget for later allocations", () => {
    expect(decide("stop", [C, D], state(1))).toEqual({
      granted: [C],
      refused: ["h4: api may have 1 of 4 allocations unavailable, and h3 is going down now"],
      hints: ["run the command again when it is back"],
    });
  });

  it("is refused with a message that names the allocations that use the budget", () => {
    const { refused, hints } = decide("restart", [A], state(2, { [B]: "drained", [C]: "drained", [D]: "unhealthy" }));
    expect(refused).toEqual([
      "h1: api may have 2 of 4 allocations unavailable, and h2 and h3 are drained, h4 is unhealthy",
    ]);
    expect(hints[0]).toContain("take h2 out of workspace/disabled.json first");
  });

  it("is refused with a message that names the command that took an allocation down", () => {
    const held = { host: B, cause: "taken_down", by: "maand job stop" } as const;
    const { refused, hints } = decide("worker", [A], state(1, { [B]: held }));
    expect(refused).toEqual([
      "h1: api may have 1 of 4 allocations unavailable, and h2 is unavailable because of maand job stop",
    ]);
    expect(hints[0]).toContain("maand job start api --allocations h2");
  });

  it.each([
    "drained",
    "taken_down",
    "in_doubt",
    "failed",
    "unhealthy",
    "unchecked",
    "unreachable",
    "stopped",
    "not_started",
  ] as const)(
    "uses no budget for an allocation that is already %s, and decides about that allocation first",
    (cause) => {
      expect(decide("restart", [A, B], state(1, { [B]: cause })).granted).toEqual([B]);
    },
  );

  it("uses the budget for an allocation that is in doubt but was seen healthy", () => {
    const up = { host: B, cause: "in_doubt", isUp: true } as const;
    expect(decide("restart", [B], state(1, { [B]: up })).granted).toEqual([B]);
    expect(decide("restart", [B], state(1, { [B]: up, [C]: "drained" })).granted).toEqual([]);
  });

  it("may restart all allocations of a suspect job, but may not stop them", () => {
    const all = { [A]: "suspect", [B]: "suspect", [C]: "suspect", [D]: "suspect" } as const;
    expect(decide("restart", [A, B], state(1, all)).granted).toEqual([A, B]);
    expect(decide("stop", [A, B], state(1, all)).granted).toEqual([]);
  });

  it("is limited by a default budget if allocations stay down, but not for a restart", () => {
    const unwritten = state(1, { [B]: "drained", [C]: "not_started" }, false);
    expect(decide("restart", [A, D], unwritten).granted).toEqual([A, D]);
    expect(decide("stop", [A], unwritten).granted).toEqual([]);
    expect(decide("worker", [A], state(1, { [C]: "not_started" }, false)).granted).toEqual([A]);
  });

  it("may take a worker down only if the budget of every job on it allows that", () => {
    const db = { ...state(1, { [B]: "drained" }), job: "db" };
    const jobs = new Map([
      ["api", state(1)],
      ["db", db],
    ]);
    const { granted, refused } = decideDowntime("worker", [{ host: A, jobs: ["api", "db"] }], jobs);
    expect([granted, refused[0]?.refusal.job]).toEqual([[], "db"]);
  });
});

describe("a request checks the health of a job", () => {
  const checked = (hosts: readonly string[], api: JobAvailability, isFreed = false) =>
    jobsToCheck(
      "restart",
      hosts.map((host) => ({ host, jobs: ["api"] })),
      new Map([["api", api]]),
      () => isFreed,
    );

  it("if the request would take down an allocation that is not known to be unavailable", () => {
    expect(checked([A], state(1))).toEqual(["api"]);
  });

  it("only if the result can change the decision", () => {
    expect(checked([A], state(4))).toEqual([]);
    expect(checked([A], state(1, { [B]: "drained" }))).toEqual([]);
    expect(checked([A], state(1, { [A]: "drained" }))).toEqual([]);
    expect(checked([A], state(1, {}, false))).toEqual([]);
  });

  it("if the check could show that an allocation is available again or running", () => {
    expect(checked([A], state(1, { [B]: "unhealthy" }), true)).toEqual(["api"]);
    expect(checked([A], state(1, { [A]: "in_doubt" }))).toEqual(["api"]);
  });
});

describe("awayOf", () => {
  const promoted = { digest: "d", version: "1", healthFailed: false, stopped: false };
  const records = (recorded: object, more = {}) => ({
    ...{ recorded, downtime: undefined, isUnchecked: false },
    ...more,
  });
  const downtime = (kind: "restart" | "stop" | "maintenance") => ({
    downtime: { allocation: "a", kind, by: "maand job stop", since: "", user: "" },
  });
  const active = { host: A, disabled: false };

  it.each([
    ["an allocation that runs is available", active, records({ promoted }), undefined],
    [
      "an allocation that is disabled and still runs is available",
      { host: A, disabled: true },
      records({ promoted }),
      undefined,
    ],
    [
      "an allocation that is disabled and stopped is drained",
      { host: A, disabled: true },
      records({ promoted: { ...promoted, stopped: true } }),
      "drained",
    ],
    [
      "an allocation that is enabled again is stopped",
      active,
      records({ promoted: { ...promoted, stopped: true } }),
      "stopped",
    ],
    ["an allocation without a promotion is not started", active, records({}), "not_started"],
    [
      "an allocation whose health check failed is unhealthy",
      active,
      records({ promoted: { ...promoted, healthFailed: true } }),
      "unhealthy",
    ],
    [
      "an allocation that was not checked after its promotion is unchecked",
      active,
      records({ promoted }, { isUnchecked: true }),
      "unchecked",
    ],
    [
      "an allocation whose command has no known result is in doubt",
      active,
      records({ promoted, unsettled: { kind: "restart", inDoubt: true, run: 1 } }),
      "in_doubt",
    ],
    [
      "an allocation whose command failed has failed",
      active,
      records({ promoted, unsettled: { kind: "restart", inDoubt: false, run: 1 } }),
      "failed",
    ],
    [
      "an allocation with a recorded downtime is taken down",
      active,
      records({ promoted }, downtime("stop")),
      "taken_down",
    ],
  ] as const)("%s", (_, allocation, recorded, cause) => {
    expect(awayOf(allocation, recorded, undefined)?.cause).toBe(cause);
  });

  it("an allocation that was seen healthy is available again, unless it is in maintenance", () => {
    expect(awayOf(active, records({ promoted }, downtime("restart")), "healthy")).toBeUndefined();
    expect(awayOf(active, records({ promoted }, downtime("maintenance")), "healthy")?.cause).toBe("taken_down");
    expect(awayOf(active, records({ promoted }, { isUnchecked: true }), "healthy")).toBeUndefined();
  });

  it("an allocation that was seen unhealthy or unreachable is unavailable", () => {
    expect(awayOf(active, records({ promoted }), "unhealthy")?.cause).toBe("unhealthy");
    expect(awayOf(active, records({ promoted }), "unreachable")?.cause).toBe("unreachable");
  });
});
