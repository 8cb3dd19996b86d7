import { expect, it } from "vitest";
import { type FleetBucket, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { httpService, requestVersion } from "../../support/bucket/http-service.ts";

const WAIT = { attempts: 5, interval_seconds: 0.1 };

/** Writes the service. A bad version exits immediately instead of serving. */
function write({ bucket }: FleetBucket, version: string, more: Readonly<Record<string, unknown>> = {}, isBad = false) {
  const checks = { checks: [{ type: "http", port: "http" }], wait: isBad ? WAIT : { ...WAIT, attempts: 50 } };
  const { manifest, files } = httpService(version, { on_failure: "revert", health_check: checks, ...more });
  bucket.job("web", manifest, isBad ? { ...files, "server.mjs": "process.exit(1);\n" } : files);
}

/** Sends requests to all workers until `work` ends, and returns the largest number that were down at the same time. */
async function maxDown(hosts: readonly string[], work: Promise<unknown>): Promise<number> {
  let isOver = false;
  const ended = work.finally(() => {
    isOver = true;
  });
  let max = 0;
  while (!isOver) {
    const answers = await Promise.all(hosts.map(requestVersion));
    max = Math.max(max, answers.filter((answer) => answer === undefined).length);
  }
  await ended;
  return max;
}

it("a bad upgrade is reverted in the same run with at most one worker down, and fails the deploy", () =>
  withFleetBucket({ count: 3 }, async (fixture) => {
    const { bucket, hosts, rollouts } = fixture;
    write(fixture, "1.0.0");
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });

    write(fixture, "2.0.0", {}, true);
    const deploy = bucket.maand("deploy", "--build");
    const down = await maxDown(hosts, deploy);
    const { code, stderr } = await deploy;
    expect({ code, down }).toEqual({ code: 1, down: 1 });
    expect(stderr).toContain("web: reverting to r1");
    expect(stderr).toContain("deploy reverted:");
    expect(await Promise.all(hosts.map(requestVersion))).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
    expect(Object.values(await rollouts())).toEqual(["promoted", "promoted", "promoted"]);

    const again = await bucket.maand("deploy", "--build");
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("web is held: r2 (2.0.0) was reverted");
    expect(await Promise.all(hosts.map(requestVersion))).toEqual(["1.0.0", "1.0.0", "1.0.0"]);

    write(fixture, "2.0.1");
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    expect(await Promise.all(hosts.map(requestVersion))).toEqual(["2.0.1", "2.0.1", "2.0.1"]);
  }));

it("a deploy reports a failed revert with the version on each worker, and the next deploy continues the revert", () =>
  withFleetBucket({ count: 2 }, async (fixture) => {
    const { bucket, hosts, workers, directory } = fixture;
    write(fixture, "1.0.0");
    const { files } = httpService("1.0.0");
    // with this file on a worker, the old version does not start there
    const Makefile = files.Makefile.replace(
      "restart: stop start",
      "restart:\n\t@test ! -e data/broken\n\t@$(MAKE) -s stop start",
    );
    bucket.write("workspace/jobs/web/Makefile", Makefile);
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    const [first] = workers;
    await first?.run(["touch", `${directory("web")}/data/broken`]);

    write(fixture, "2.0.0", {}, true);
    const ended = await bucket.maand("deploy", "--build", "--json");
    expect(ended.code).toBe(1);
    const last = JSON.parse(ended.stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(last).toMatchObject({ type: "run.finished", outcome: "revert_failed" });
    expect(last.failures.at(-1)).toMatchObject({
      code: "REVERT_FAILED",
      message: expect.stringContaining(`now running: unknown on ${hosts[0]}; r1 (1.0.0) on ${hosts[1]}`),
    });

    await first?.run(["rm", `${directory("web")}/data/broken`]);
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    expect(await Promise.all(hosts.map(requestVersion))).toEqual(["1.0.0", "1.0.0"]);
  }));
