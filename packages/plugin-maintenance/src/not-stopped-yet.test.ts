import { expect, it } from "vitest";
import { ALL_RUN, aMaintainedBucket, HOSTS, states } from "./maintained.test.support.ts";

it("disabled allocations that are still running count against the budget, because maintenance does not start them again", async () => {
  const { bucket, maintain, mayBeAway } = await aMaintainedBucket();
  await mayBeAway(1);
  bucket.disable({ workers: HOSTS });
  await bucket.build();
  const report = await maintain();
  expect(report).toMatchObject({ outcome: "failed", isOver: false, message: expect.stringContaining("10.0.0.1") });
  expect(states(report)).toEqual(["done", "waiting", "waiting"]);
  const { "api@10.0.0.1": _, "db@10.0.0.1": __, ...others } = ALL_RUN;
  expect(bucket.fleet.running()).toEqual(others);
});
