import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";

/** A job without a `stop` target. */
const MAKEFILE = 'start restart reload:\n\t@mkdir -p data; echo "$@ $(NEW_VERSION)" >> data/lifecycle\n';

it("maand job stop --mark-stopped records allocations without a working stop target as stopped", () =>
  withFleetBucket({ count: 3 }, async ({ bucket, fleet, workers, hosts, directory }) => {
    const [first = "", second = "", third = ""] = hosts;
    const manifest = { selectors: ["worker"], restart_policy: "always" };
    bucket.job("api", { version: "1.0.0", ...manifest }, { Makefile: MAKEFILE });
    bucket.job("old", { version: "1.0.0", ...manifest }, { Makefile: MAKEFILE });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });

    // one drained worker, one removed worker, and a removed job
    bucket.disable({ jobs: { api: { allocations: [second] } } });
    bucket.workers(...fleet.workersJson().slice(0, 2));
    bucket.removeJob("old");
    bucket.job("api", { version: "1.1.0", ...manifest }, { Makefile: MAKEFILE });
    const failed = await bucket.maand("deploy", "--build");
    expect(failed.code).toBe(1);
    for (const job of ["api", "old"])
      expect(failed.stderr).toMatch(new RegExp(`maand job stop ${job} --allocations [\\d.,]+ --mark-stopped`));
    expect(await workers[0]?.read(`${directory("api")}/data/lifecycle`)).toBe("start 1.0.0\nrestart 1.1.0\n");

    const active = await bucket.maand("job", "stop", "api", "--allocations", first, "--mark-stopped");
    expect(active).toMatchObject({ code: 2, stderr: expect.stringContaining("workspace/disabled.json") });
    const marked = await bucket.maand("job", "stop", "api", "--allocations", `${second},${third}`, "--mark-stopped");
    expect(marked).toMatchObject({
      code: 0,
      stdout:
        `api on ${second}: recorded as stopped; nothing was run there\n` +
        `api on ${third}: recorded as stopped; nothing was run there, and the next maand deploy deletes its files\n`,
    });
    const everywhere = ["job", "stop", "old", "--allocations", hosts.join(","), "--mark-stopped", "--json"];
    expect(JSON.parse((await bucket.maand(...everywhere)).stdout)).toEqual(
      hosts.map((host) => ({ job: "old", worker_ip: host, marked: true })),
    );
    expect((await bucket.maand("logs", "show", "--event", "marked_stopped")).stdout).toContain(
      "recorded that it is stopped",
    );

    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    expect(await workers[2]?.list(directory("api"), { recursive: true })).toEqual(["data", "data/lifecycle"]);
    expect(await bucket.maand("deploy", "--dry-run", "--exit-code")).toMatchObject({ code: 0 });
    expect(await bucket.maand("gc")).toMatchObject({ code: 0 });
  }));
