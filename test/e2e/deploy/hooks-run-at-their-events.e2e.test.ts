import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FleetBucket, onFleet } from "../../support/bucket/fleet-bucket.ts";
import { ran, writeJob } from "../../support/bucket/recording-job.ts";
import { type Fleet, startFleet } from "../../support/fleet/index.ts";

/** Tests deploys with job commands. */
let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ count: 3 });
});

afterAll(() => fleet.close());

const STARTED = ["start 0.0.0 1.0.0", "end start"];
const onHosts = (event: string, hosts: readonly string[]) => hosts.map((host) => `${event} ${host}`).sort();

async function promotedAll({ hosts, rollouts }: FleetBucket, job: string): Promise<void> {
  const states = await rollouts();
  expect(hosts.map((host) => states[`${job}@${host}`])).toEqual(hosts.map(() => "promoted"));
}

describe.concurrent("a deploy of jobs with commands", () => {
  it("promotes everything but exits with 1 if post_deploy fails, and the next run runs only post_deploy", () =>
    onFleet(fleet, async (fixture) => {
      const { bucket, hosts, lifecycles } = fixture;
      writeJob(bucket, "api", {
        events: ["post_deploy"],
        body: 'if os.path.exists(here + "/sad"):\n    raise SystemExit("no receiver")',
      });
      bucket.write("sad", "");
      const failed = await bucket.maand("deploy", "--build");
      expect(failed.code).toBe(1);
      expect(failed.stderr).toContain("no receiver");
      await promotedAll(fixture, "api");
      expect(ran(bucket)).toEqual(onHosts("post_deploy", hosts));
      rmSync(join(bucket.root, "sad"));
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(ran(bucket)).toEqual(onHosts("post_deploy", hosts));
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(ran(bucket)).toEqual([]);
      expect(await lifecycles("api")).toEqual(hosts.map(() => STARTED));
    }));

  it("stops only the drained allocation of a job with a health command, and starts only that allocation again", () =>
    onFleet(fleet, async (fixture) => {
      const { bucket, workers, hosts, directory, lifecycles } = fixture;
      writeJob(bucket, "api", { events: ["health_check"] });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      ran(bucket);
      bucket.disable({ jobs: { api: { allocations: [hosts[1]] } } });
      bucket.write("workspace/jobs/api/conf/new.conf", "new\n");
      rmSync(join(bucket.root, "workspace/jobs/api/conf"), { recursive: true });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      const stopped = ["stop 1.0.0 1.0.0", "end stop"];
      expect(await lifecycles("api")).toEqual([STARTED, [...STARTED, ...stopped], STARTED]);
      expect(ran(bucket)).toEqual(onHosts("health_check", hosts));
      bucket.write("workspace/jobs/api/conf/new.conf", "new\n");
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      expect(workers.map((worker) => worker.exists(`${directory("api")}/conf/new.conf`))).toEqual([true, false, true]);
      const restarted = ["restart 1.0.0 1.0.0", "end restart"];
      bucket.disable({});
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      expect(await lifecycles("api")).toEqual([
        [...STARTED, ...restarted],
        [...STARTED, ...stopped, "start 1.0.0 1.0.0", "end start"],
        [...STARTED, ...restarted],
      ]);
    }));

  it("stops and cleans up removed jobs and workers once, with their commands", () =>
    onFleet(fleet, async (fixture) => {
      const { bucket, workers, hosts, directory, lifecycles } = fixture;
      for (const job of ["api", "old"]) writeJob(bucket, job, { events: ["after_allocation_stopped"] });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      expect(ran(bucket)).toEqual([]);
      bucket.removeJob("old");
      bucket.workers(...fleet.workersJson().slice(0, 2));
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      expect(ran(bucket)).toEqual(
        [...onHosts("after_allocation_stopped", hosts), `after_allocation_stopped ${hosts[2]}`].sort(),
      );
      const stopped = [...STARTED, "stop 1.0.0 1.0.0", "end stop"];
      expect(await lifecycles("old")).toEqual([stopped, stopped, stopped]);
      expect(await lifecycles("api")).toEqual([STARTED, STARTED, stopped]);
      for (const worker of workers) expect(worker.exists(`${directory("old")}/Makefile`)).toBe(false);
      const again = await bucket.maand("deploy", "--json");
      expect(again).toMatchObject({ code: 0, stdout: expect.not.stringContaining("worker.connected") });
      expect(again.stdout).toContain("run.finished");
      expect(ran(bucket)).toEqual([]);
    }));

  it("handles a command that prints a megabyte without a newline, and stops a command that hangs", () =>
    onFleet(fleet, async (fixture) => {
      const { bucket, hosts } = fixture;
      writeJob(bucket, "loud", { events: ["post_deploy"], body: 'print("x" * 1_000_000)' });
      writeJob(bucket, "hung", { events: ["post_deploy"], body: "time.sleep(1000)", timeout_seconds: 5 });
      const { code, stderr } = await bucket.maand("deploy", "--build");
      expect(code).toBe(1);
      expect(stderr).toMatch(/hung.*timed out after 5 s/);
      expect(Math.max(...stderr.split("\n").map((line) => line.length))).toBeLessThan(20_000);
      expect(ran(bucket).length).toBeGreaterThanOrEqual(hosts.length + 1);
      await promotedAll(fixture, "loud");
      await promotedAll(fixture, "hung");
    }));

  it("does not affect a deploy of another bucket on the same machine", async () => {
    const deploys = ["one", "two"].map((name) =>
      onFleet(fleet, async ({ bucket, workers, directory }) => {
        writeJob(bucket, "api", {
          events: ["pre_deploy"],
          body: `put("who", "${name}")\ntime.sleep(0.3)`,
          files: { "who.tpl": '{{ get "vars/job/api" "who" }}\n' },
        });
        expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
        for (const worker of workers) expect(await worker.read(`${directory("api")}/who`)).toBe(`${name}\n`);
      }),
    );
    await Promise.all(deploys);
  });
});
