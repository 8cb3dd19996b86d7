import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";

it("a deploy names an unreachable worker, continues on other workers, and the next deploy updates it", () =>
  withFleetBucket({ count: 3 }, async ({ bucket, workers, hosts, lifecycle, rollouts }) => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], max_concurrent_upgrades: 1 });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    bucket.job("api", { version: "2.0.0", selectors: ["worker"], max_concurrent_upgrades: 1 });
    await workers[1]?.stop();
    const partial = await bucket.maand("deploy", "--build");
    expect(partial.code).toBe(1);
    expect(partial.stderr).toMatch(new RegExp(`unreachable .*${hosts[1]}`));
    expect(await rollouts()).toMatchObject({
      [`api@${hosts[0]}`]: "promoted",
      [`api@${hosts[1]}`]: "restart",
      [`api@${hosts[2]}`]: "promoted",
    });
    await workers[1]?.start();
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    for (const worker of workers)
      expect(await lifecycle("api", worker)).toEqual(["start 0.0.0 1.0.0", "restart 1.0.0 2.0.0"]);
  }));

it("a stopped worker delays the deploy only until the timeout", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, workers, hosts, fleet, rollouts }) => {
    bucket.write("maand.conf", `${fleet.conf}[timeouts]\nconnect = 2\n`);
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    workers[0]?.freeze();
    const partial = await bucket.maand("deploy", "--build");
    workers[0]?.thaw();
    expect(partial.code).toBe(1);
    expect(partial.stderr).toMatch(new RegExp(`unreachable .*${hosts[0]}`));
    expect(await rollouts()).toMatchObject({ [`api@${hosts[1]}`]: "promoted" });
  }));

it("a deploy reports a worker without make or python3", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, workers, hosts, lifecycle }) => {
    const [first, second] = workers;
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await first?.run(["mount", "--bind", "/dev/null", "/usr/bin/make"]);
    const partial = await bucket.maand("deploy", "--build");
    expect(partial.code).toBe(1);
    expect(partial.stderr).toContain(`${hosts[0]} lacks make`);
    expect(second && (await lifecycle("api", second))).toEqual(["start 0.0.0 1.0.0"]);
  }));

it("a deploy reports a failed target with its worker and the last lines of its output", () =>
  withFleetBucket({ count: 1 }, async ({ bucket, hosts }) => {
    bucket.job(
      "api",
      { version: "1.0.0", selectors: ["worker"] },
      { Makefile: "start:\n\t@echo the disk is on fire >&2; exit 7\nstop:\n" },
    );
    const failed = await bucket.maand("deploy", "--build");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(`failed start api@${hosts[0]}`);
    expect(failed.stderr).toContain("the disk is on fire");
    expect(failed.stderr).not.toMatch(/\n\s+at .*\.js:\d+/);
  }));
