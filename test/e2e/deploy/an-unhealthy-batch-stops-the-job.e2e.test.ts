import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { httpService, requestVersion } from "../../support/bucket/http-service.ts";

it("an unhealthy batch ends the rollout of its job, other workers keep the old version, and the next deploy resumes", () =>
  withFleetBucket({ count: 3 }, async ({ bucket, hosts, rollouts }) => {
    const good = httpService("1.0.0");
    bucket.job("web", good.manifest, good.files);
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });

    const bad = httpService("2.0.0", {
      health_check: { checks: [{ type: "http", port: "http" }], wait: { attempts: 3, interval_seconds: 0.1 } },
    });
    bucket.job("web", bad.manifest, { ...bad.files, "server.mjs": "process.exit(1);\n" });
    bucket.job("other", { version: "1.0.0", selectors: ["worker"] });
    const failed = await bucket.maand("deploy", "--build");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(`skipped on ${hosts[1]}, ${hosts[2]}: an earlier batch failed`);
    expect(await Promise.all(hosts.map(requestVersion))).toEqual([undefined, "1.0.0", "1.0.0"]);
    const states = await rollouts();
    expect(hosts.map((host) => states[`web@${host}`])).toEqual(["health_failed", "restart", "restart"]);
    expect(hosts.map((host) => states[`other@${host}`])).toEqual(["promoted", "promoted", "promoted"]);

    const fixed = httpService("2.0.1");
    bucket.job("web", fixed.manifest, fixed.files);
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    expect(await Promise.all(hosts.map(requestVersion))).toEqual(["2.0.1", "2.0.1", "2.0.1"]);
  }));
