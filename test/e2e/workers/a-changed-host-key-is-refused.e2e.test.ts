import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";

it("a deploy refuses a worker whose host key differs from the pinned key, and continues on other workers", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, workers, hosts, lifecycle }) => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    const pinned = bucket.read("secrets/known_hosts");
    await workers[0]?.changeHostKey();
    bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
    const refused = await bucket.maand("deploy", "--build");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(new RegExp(`${hosts[0]}.*SHA256:`, "s"));
    expect(refused.stderr).toContain("known_hosts");
    expect(bucket.read("secrets/known_hosts")).toBe(pinned);
    expect(workers[0] && (await lifecycle("api", workers[0]))).toEqual(["start 0.0.0 1.0.0"]);
    expect(workers[1] && (await lifecycle("api", workers[1]))).toEqual(["start 0.0.0 1.0.0", "restart 1.0.0 2.0.0"]);
  }));
