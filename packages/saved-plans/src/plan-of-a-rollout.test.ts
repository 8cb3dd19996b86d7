import { abortRollout, type OpenedBucket, resumeRollout } from "@maand/core/internal";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { apply, done, planned } from "./plans.test.support.ts";

/** Plans of a job whose release is rolled out in steps. Each plan ends at the next pause. */
const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"] as const;
const [A, B, C, D] = HOSTS;
const STEPS = ["1", "pause", "50%", "pause", "100%"];

let bucket: TestBucket;

beforeEach(async () => {
  bucket = aBucket();
  bucket.workers(...HOSTS);
  write("1.0.0");
  await bucket.ship();
  write("2.0.0");
  await bucket.build();
  done(bucket);
});

afterEach(() => bucket.dispose());

const write = (version: string) =>
  bucket.job("api", { selectors: ["worker"], version, rollout: { steps: STEPS } }, { "app.conf": `${version}\n` });

async function opened(work: (bucket: OpenedBucket) => Promise<unknown>): Promise<void> {
  const open = await bucket.open();
  await work(open).finally(() => open.close());
}

const commands = () => done(bucket).filter((what) => !what.startsWith("stage"));
const jobIn = (plan: Awaited<ReturnType<typeof planned>>) => plan.waves[0]?.jobs[0];

async function refused(plan: Awaited<ReturnType<typeof planned>>): Promise<unknown> {
  done(bucket);
  const thrown: unknown = await apply(bucket, plan).catch((cause: unknown) => cause);
  expect(done(bucket)).toEqual([]);
  return thrown;
}

const namesRollout = (message: string) =>
  expect.objectContaining({
    code: "PLAN_STALE",
    problems: expect.arrayContaining([expect.objectContaining({ where: "rollout of api", message })]),
  });

describe("a plan of a staged rollout", () => {
  it("lists the allocations of this deploy, the pause and the later steps, and ends at the pause", async () => {
    const plan = await planned(bucket);
    expect(jobIn(plan)).toMatchObject({
      rollout: {
        state: "under_way",
        steps: [
          { step: 1, of: 5, size: "1", workers: [A] },
          { step: 2, of: 5, size: "pause", workers: [] },
        ],
        waiting: [B, C, D],
      },
      allocations: [{ worker_ip: A, action: "restart" }],
    });
    expect(await apply(bucket, plan)).toMatchObject({ outcome: "paused", paused: [{ step: 2 }] });
    expect(commands()).toEqual([`restart api@${A}`]);
  });

  it("reports the pause and changes nothing if it is made at a pause", async () => {
    await bucket.deploy();
    const plan = await planned(bucket);
    expect(jobIn(plan)).toMatchObject({
      required: false,
      rollout: { state: "paused", steps: [{ step: 2, of: 5, size: "pause" }], waiting: [B, C, D] },
    });
    expect(plan.rests_on.rollouts).toEqual({ api: { release: 2, previous: 1, step: 1, until: null } });
    done(bucket);
    expect(await apply(bucket, plan)).toMatchObject({ outcome: "paused" });
    expect(commands()).toEqual([]);
  });

  it("keeps the release of the waiting allocations if it is made at a pause", async () => {
    expect(await bucket.deploy()).toMatchObject({ outcome: "paused" });
    expect(await apply(bucket, await planned(bucket))).toMatchObject({ outcome: "paused" });
    await opened(async ({ store }) => {
      expect([...store.releases.hostsOf("api")]).toEqual([
        [2, [A]],
        [1, [B, C, D]],
      ]);
      expect(store.rollouts.find("api")?.step).toBe(1);
    });
  });

  it("is refused with the reason after the rollout has begun, continued or been aborted", async () => {
    const before = await planned(bucket);
    await bucket.deploy();
    const paused = await planned(bucket);
    expect(await refused(before)).toEqual(namesRollout("r2 began, and is at step 2"));

    await opened((open) => resumeRollout(open, "api"));
    const further = await planned(bucket);
    expect(await refused(paused)).toEqual(namesRollout("is at step 4 instead of step 2"));

    await opened((open) => abortRollout(open, "api"));
    expect(await refused(further)).toEqual(
      namesRollout("r2 is no longer rolled out in steps: it is complete, or was aborted or replaced"),
    );
    expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
  });

  it("is refused when a timed wait has begun since", async () => {
    await bucket.deploy();
    const plan = await planned(bucket);
    await opened(async ({ store }) => store.rollouts.waitUntil("api", "2026-01-01T00:00:00.000Z"));
    expect(await refused(plan)).toEqual(namesRollout("its timed wait began, or began again"));
  });
});
