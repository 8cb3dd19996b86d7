import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";

it("a deploy stops and cleans up removed jobs and workers once, and keeps their data and logs", () =>
  withFleetBucket({ count: 3 }, async ({ bucket, fleet, workers, hosts, directory, lifecycle, rollouts }) => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    bucket.job("old", { version: "1.0.0", selectors: ["worker"] });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    bucket.removeJob("old");
    bucket.workers(...fleet.workersJson().slice(0, 2));
    expect(await bucket.maand("build")).toMatchObject({ code: 0 });
    expect((await bucket.maand("deploy", "--dry-run")).stdout).toContain(`job "api" on ${hosts[2]}: stop and remove`);
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    for (const [at, worker] of workers.entries()) {
      expect(await worker.list(directory("old"), { recursive: true })).toEqual(["data", "data/lifecycle"]);
      expect(await lifecycle("old", worker)).toEqual(["start 0.0.0 1.0.0", "stop 1.0.0 1.0.0"]);
      expect(await lifecycle("api", worker)).toEqual(
        at < 2 ? ["start 0.0.0 1.0.0"] : ["start 0.0.0 1.0.0", "stop 1.0.0 1.0.0"],
      );
    }
    expect(await rollouts()).toMatchObject({ [`old@${hosts[0]}`]: "removed", [`api@${hosts[2]}`]: "removed" });
    const logins = workers.map((worker) => worker.connections());
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    expect(workers.map((worker) => worker.connections())).toEqual(logins);
  }));
