import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";

it("a second deploy connects to no worker, runs nothing and does not increment update_seq", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, workers, lifecycle }) => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    const logins = workers.map((worker) => worker.connections());
    const again = await bucket.maand("deploy", "--build");
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toContain("2 unchanged");
    expect(workers.map((worker) => worker.connections())).toEqual(logins);
    expect(await bucket.json("info")).toMatchObject({ update_seq: 1 });
    for (const worker of workers) expect(await lifecycle("api", worker)).toHaveLength(1);
    expect(await bucket.maand("job", "status", "api")).toMatchObject({ code: 0 });
    expect(await bucket.maand("deploy", "--dry-run", "--exit-code")).toMatchObject({ code: 0 });
  }));
