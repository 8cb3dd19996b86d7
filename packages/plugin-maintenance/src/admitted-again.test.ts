import { MaandError } from "@maand/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resumeMaintenance } from "./maintain.ts";
import { ALL_RUN, aMaintainedBucket, type MaintainedBucket, SHUTDOWN, states } from "./maintained.test.support.ts";

const [FIRST, SECOND, THIRD] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"] as const;
const UNREACHABLE = new MaandError({ code: "UNREACHABLE", message: "gone" });

let made: MaintainedBucket;

beforeEach(async () => {
  made = await aMaintainedBucket();
});

afterEach(() => made.bucket.dispose());

/** Makes a worker unreachable for maand and for health checks. */
function lose(host: string): void {
  for (const what of [`verify api@${host}`, `verify db@${host}`]) made.bucket.fleet.fail(what);
  made.bucket.fleet.fail(`connect ${host}`, UNREACHABLE);
}

function crash(job: string, host: string): void {
  made.bucket.fleet.fail(`verify ${job}@${host}`);
}

/** Interrupts the maintenance of a worker before it stops a job there. */
async function interruptBefore(what: string, host: string): Promise<void> {
  made.bucket.fleet.onDo = (now) => {
    if (now !== `${what}@${host}`) return;
    made.interrupt();
    throw new MaandError({ code: "INTERRUPTED", message: "the result is lost" });
  };
  expect(states(await made.maintain({ reboot: true }, [host]))).toEqual(["under_way"]);
  made.bucket.fleet.onDo = () => undefined;
}

/** Counts, from now on, the workers on which the maintenance has stopped a job that it has not started again. */
function mostAway(): () => number {
  const away = new Map<string, number>();
  let most = 0;
  made.bucket.fleet.onDone = (what) => {
    const [action, unit = ""] = what.split(" ");
    const host = unit.split("@")[1] ?? "";
    if (action === "stop") away.set(host, (away.get(host) ?? 0) + 1);
    if (action === "start") away.set(host, (away.get(host) ?? 0) - 1);
    most = Math.max(most, [...away.values()].filter((count) => count > 0).length);
  };
  return () => most;
}

describe("a resume with a worker whose jobs were not stopped yet", () => {
  it("stops no job on this worker if it is reachable again while another worker is down", async () => {
    const { bucket, maintain, resume, doneOn } = made;
    crash("api", THIRD);
    lose(FIRST);
    expect(states(await maintain({ reboot: true }, [FIRST]))).toEqual(["set_aside"]);
    bucket.fleet.repair();
    crash("api", THIRD);

    expect((await resume()).workers).toMatchObject([
      { state: "set_aside", phase: "drain", message: expect.stringContaining(`${THIRD} is unhealthy`) },
    ]);
    expect(doneOn(FIRST)).toEqual([]);
    bucket.fleet.repair();
    expect(await resume()).toMatchObject({ outcome: "ok", isOver: true });
  });

  it("stops no job on this worker if an allocation on another worker has become unhealthy", async () => {
    const { resume, doneOn } = made;
    await interruptBefore("stop api", FIRST);
    crash("api", THIRD);
    expect(states(await resume())).toEqual(["set_aside"]);
    expect(doneOn(FIRST)).toEqual([]);
  });

  it("drains the worker if the budget allows that; allocations that are already stopped do not count", async () => {
    const { resume, doneOn } = made;
    await interruptBefore("stop db", FIRST);
    crash("api", THIRD);
    await resume();
    expect(doneOn(FIRST).slice(0, 2)).toEqual(["stop api", "stop db"]);
  });

  it("waits until the budget allows the drain", async () => {
    const { bucket, maintain, resume } = made;
    bucket.fleet.fail(`connect ${FIRST}`, UNREACHABLE);
    expect(states(await maintain({ reboot: true, returnMs: 60_000 }, [FIRST]))).toEqual(["set_aside"]);
    bucket.fleet.repair();
    crash("api", THIRD);
    let checks = 0;
    bucket.fleet.onDo = (what) => {
      if (what === "verify api" && ++checks === 3) bucket.fleet.repair();
    };
    expect(await resume()).toMatchObject({ outcome: "ok" });
  });

  it.each([1, 2])("maintains several workers within the budget with concurrency %d", async (concurrency) => {
    const { bucket, maintain, resume } = made;
    const request = { reboot: true, concurrency, onFailure: "continue", returnMs: 60_000 } as const;
    for (const host of [FIRST, SECOND]) lose(host);
    expect(states(await maintain(request, [FIRST, SECOND]))).toEqual(["set_aside", "set_aside"]);
    bucket.fleet.repair();
    const most = mostAway();
    expect(await resume()).toMatchObject({ outcome: "ok", isOver: true });
    expect(most()).toBe(1);
    expect(bucket.fleet.running()).toEqual(ALL_RUN);
  });

  it("does not wait for a worker that needs an operator", async () => {
    const { bucket, maintain, resume } = made;
    const request = { reboot: true, onFailure: "continue", returnMs: 3_600_000 } as const;
    for (const host of [FIRST, SECOND]) lose(host);
    expect(states(await maintain(request, [FIRST, SECOND]))).toEqual(["set_aside", "set_aside"]);
    bucket.fleet.repair();
    bucket.fleet.fail(`${SHUTDOWN} ${FIRST}`);
    const report = await resume();
    expect(report.workers[1]).toMatchObject({
      phase: "drain",
      message: expect.stringContaining(`${FIRST} is unavailable because of maintenance`),
    });
  });

  it("stops the jobs despite the budget with --ignore-budget", async () => {
    const { opened, doneOn } = made;
    await interruptBefore("stop api", FIRST);
    crash("api", THIRD);
    await opened((open) => resumeMaintenance(open, { ignoreBudget: true }));
    expect(doneOn(FIRST)).toContain("stop api");
  });

  it("can be interrupted while it waits for the budget", async () => {
    const { bucket, maintain, resume, interrupt, doneOn } = made;
    bucket.fleet.fail(`connect ${FIRST}`, UNREACHABLE);
    await maintain({ reboot: true, returnMs: 60_000 }, [FIRST]);
    bucket.fleet.repair();
    crash("api", THIRD);
    let checks = 0;
    bucket.fleet.onDo = (what) => {
      if (what === "verify api" && ++checks === 3) interrupt();
    };
    expect(await resume()).toMatchObject({ outcome: "interrupted", workers: [{ state: "under_way", phase: "drain" }] });
    expect(doneOn(FIRST)).toEqual([]);
  });
});
