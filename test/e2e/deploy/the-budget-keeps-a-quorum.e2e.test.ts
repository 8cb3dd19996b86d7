import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type FleetBucket, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { httpService, requestVersion } from "../../support/bucket/http-service.ts";

const IDLE = "start stop restart reload:\n\t@mkdir -p data\n\t@echo $@ >> data/lifecycle\n";

/** Deploys a service that needs three of its four instances, and a job without health checks or a budget. */
async function serving({ bucket }: FleetBucket): Promise<void> {
  const { manifest, files } = httpService("1.0.0", { max_unavailable: "25%", max_concurrent_upgrades: 4 });
  bucket.job("api", manifest, files);
  bucket.job("tool", { version: "1.0.0", selectors: ["worker"] }, { Makefile: IDLE });
  expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
}

/** Sends requests to all instances until `end` is called. It returns the smallest number of instances that responded at once. */
function watchQuorum(hosts: readonly string[]): { end(): Promise<number> } {
  let minUp = hosts.length;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const up = (await Promise.all(hosts.map(requestVersion))).filter((version) => version !== undefined);
      minUp = Math.min(minUp, up.length);
    }
  })();
  return {
    async end() {
      isOver = true;
      await watching;
      return minUp;
    },
  };
}

it("drains, restarts and stops keep a quorum of 3 of 4 instances up, unless --ignore-budget is given", () =>
  withFleetBucket({ count: 4 }, async (fixture) => {
    const { bucket, hosts, rollouts, lifecycles, workers, lifecycle } = fixture;
    const [, second = "", third = "", fourth = ""] = hosts;
    await serving(fixture);
    const client = watchQuorum(hosts);

    bucket.disable({ workers: [third, fourth] });
    bucket.job("tool", { version: "2.0.0", selectors: ["worker"] }, { Makefile: IDLE });
    const drained = await bucket.maand("deploy", "--build");
    expect(drained).toMatchObject({ code: 1 });
    expect(drained.stderr).toContain(`api may have 1 of 4 allocations unavailable, and ${third} is going down now`);
    expect(drained.stderr).toContain(`tool may have 1 of 4 allocations unavailable, and ${third} is going down now`);
    expect(await requestVersion(third)).toBeUndefined();
    // the deploy continues with the other jobs
    expect(await rollouts()).toMatchObject({ [`tool@${second}`]: "promoted", [`tool@${third}`]: "disabled" });
    expect((await lifecycles("tool")).map((ran) => ran.at(-1))).toEqual(["restart", "restart", "stop", "start"]);

    const again = await bucket.maand("deploy");
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toContain(
      `refused api@${fourth}: api may have 1 of 4 allocations unavailable, and ${third} is drained`,
    );
    expect(again.stderr).toContain(`hint: take ${third} out of workspace/disabled.json first`);

    for (const refused of [
      ["job", "restart", "api"],
      ["job", "stop", "api", "--allocations", second],
      ["run_command", "true", "--workers", second, "--health_check"],
      ["deploy", "--force", "--jobs", "api"],
    ]) {
      const { code, stderr } = await bucket.maand(...refused);
      expect({ refused, code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`api may have 1 of 4 allocations unavailable, and ${third} is drained`),
      });
    }
    expect(await client.end()).toBe(3);
    const [, worker] = workers;
    expect(worker && (await lifecycle("api", worker))).toEqual(["start 1.0.0"]);

    const forced = await bucket.maand("deploy", "--ignore-budget");
    expect(forced).toMatchObject({ code: 0 });
    expect(forced.stderr).toContain(
      `budget ignored api@${fourth}: api may have 1 of 4 allocations unavailable, and ${third} is drained`,
    );
    expect(await requestVersion(fourth)).toBeUndefined();
    const runs = join(bucket.root, "logs/runs");
    const files = readdirSync(runs, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const records = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
    expect(records.some((text) => text.includes('"budget.ignored"'))).toBe(true);

    bucket.disable({});
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    const restarting = watchQuorum(hosts);
    expect(await bucket.maand("job", "restart", "api")).toMatchObject({ code: 0 });
    expect(await restarting.end()).toBe(3);
  }));

it("an allocation that was stopped by hand counts against the budget until it runs again", () =>
  withFleetBucket({ count: 3 }, async (fixture) => {
    const { bucket, hosts } = fixture;
    const [first = "", second = ""] = hosts;
    await serving(fixture);
    expect(await bucket.maand("job", "stop", "api", "--allocations", first)).toMatchObject({ code: 0 });
    const refused = await bucket.maand("job", "restart", "api", "--allocations", second);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `api may have 1 of 3 allocations unavailable, and ${first} is unavailable because of maand job stop`,
      ),
    });
    expect(refused.stderr).toContain(`hint: start it first: maand job start api --allocations ${first}`);
    expect(await bucket.maand("job", "start", "api", "--allocations", first, "--health_check")).toMatchObject({
      code: 0,
    });
    expect(await bucket.maand("job", "restart", "api", "--allocations", second)).toMatchObject({ code: 0 });
    // a stop of the complete job is still possible
    expect(await bucket.maand("job", "stop", "api")).toMatchObject({ code: 0 });
    expect(await Promise.all(hosts.map(requestVersion))).toEqual([undefined, undefined, undefined]);
  }));

it("jobs that exclude each other are rolled out one after the other", () =>
  withFleetBucket({ count: 1 }, async ({ bucket }) => {
    const job = (name: string, version: string, more = {}) =>
      bucket.job(name, { version, selectors: ["worker"], ...more }, { Makefile: IDLE });
    job("cache", "1.0.0", { never_with: ["db"] });
    const unknown = await bucket.maand("build");
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no job "db"') });
    job("db", "1.0.0", { rollout: { steps: ["1", "pause", "100%"] } });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    for (const name of ["cache", "db"]) job(name, "2.0.0", name === "cache" ? { never_with: ["db"] } : {});
    const { stdout } = await bucket.maand("deploy", "--build", "--json");
    const moments = stdout
      .trimEnd()
      .split("\n")
      .map((line): { type: string; job?: string } => JSON.parse(line))
      .filter(({ type }) => type === "job.started" || type === "job.finished")
      .map(({ type, job: name }) => `${type} ${name}`);
    expect(moments).toEqual(["job.started cache", "job.finished cache", "job.started db", "job.finished db"]);
  }));
