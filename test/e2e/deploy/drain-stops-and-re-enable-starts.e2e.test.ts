import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";

it("draining stops exactly one allocation, and enabling starts exactly that allocation", () =>
  withFleetBucket({ count: 3 }, async ({ bucket, workers, hosts, lifecycle, rollouts, directory }) => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    bucket.disable({ jobs: { api: { allocations: [hosts[1]] } } });
    expect(await bucket.maand("build")).toMatchObject({ code: 0 });
    const plan = await bucket.maand("deploy", "--dry-run");
    expect(plan.stdout).toContain(`job "api" on ${hosts[1]}: stop`);
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    expect((await rollouts())[`api@${hosts[1]}`]).toBe("disabled");
    const drained = workers[1];
    expect(drained && (await lifecycle("api", drained))).toEqual(["start 0.0.0 1.0.0", "stop 1.0.0 1.0.0"]);
    expect(drained?.exists(`${directory("api")}/Makefile`)).toBe(true);

    bucket.write("workspace/jobs/api/new.conf", "while it was drained\n");
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    expect(drained?.exists(`${directory("api")}/new.conf`)).toBe(false);

    bucket.disable({});
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    expect(drained && (await lifecycle("api", drained))).toEqual([
      "start 0.0.0 1.0.0",
      "stop 1.0.0 1.0.0",
      "start 1.0.0 1.0.0",
    ]);
    expect(drained?.exists(`${directory("api")}/new.conf`)).toBe(true);
    for (const worker of [workers[0], workers[2]]) {
      expect(worker && (await lifecycle("api", worker))).toEqual(["start 0.0.0 1.0.0", "restart 1.0.0 1.0.0"]);
    }
  }));

it("a drained worker that is powered off does not affect other workers, and its jobs are stopped once it runs again", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, workers, hosts, lifecycle }) => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    bucket.disable({ workers: [hosts[0]] });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    await workers[0]?.stop();
    bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    expect(workers[1] && (await lifecycle("api", workers[1]))).toEqual(["start 0.0.0 1.0.0", "restart 1.0.0 2.0.0"]);
  }));
