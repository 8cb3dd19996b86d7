import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onFleet } from "../../support/bucket/fleet-bucket.ts";
import { linesOf } from "../../support/bucket/scratch.ts";
import { logOf, writeJob } from "../../support/bucket/telling-job.ts";
import { type Fleet, startFleet, until } from "../../support/fleet/index.ts";

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ count: 3 });
});

afterAll(() => fleet.close());

const EVENTS = [
  "pre_deploy",
  "after_allocation_started",
  "health_check",
  "post_deploy",
  "after_allocation_stopped",
  "job_control",
] as const;

describe.concurrent("a deploy killed while a command of a job runs", () => {
  it.each(EVENTS)("%s: the next one goes on, and ends where an undisturbed one ends", (event) =>
    onFleet(fleet, async (lent) => {
      const { bucket, hosts, rollouts, lifecycles } = lent;
      const wait = 'while os.path.exists(here + "/hold"):\n    time.sleep(0.02)';
      writeJob(bucket, "api", { events: [event], body: wait, max_concurrent_starts: 2 });
      if (event === "after_allocation_stopped") {
        writeJob(bucket, "old", { events: [event], body: wait });
        expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
        bucket.removeJob("old");
      }
      bucket.write("hold", "");
      const killed = bucket.start(["deploy", "--build"]);
      await until(
        `a command at ${event}`,
        () => existsSync(logOf(bucket)) && linesOf(logOf(bucket)).length > 0,
        30_000,
      );
      killed.kill("SIGKILL");
      expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });
      const before = await lifecycles("api");
      const kept = Object.entries(await rollouts())
        .filter(([, state]) => state === "promoted")
        .map(([allocation]) => allocation);
      const said = linesOf(logOf(bucket)).length;
      rmSync(join(bucket.root, "hold"));
      expect({ event, ...(await bucket.maand("deploy")) }).toMatchObject({ code: 0 });
      const states = await rollouts();
      expect(hosts.map((host) => states[`api@${host}`])).toEqual(hosts.map(() => "promoted"));
      const after = await lifecycles("api");
      for (const [at, host] of hosts.entries()) {
        if (kept.includes(`api@${host}`))
          expect({ event, host, told: after[at] }).toEqual({ event, host, told: before[at] });
        expect(after[at]?.filter((line) => line.startsWith("overlap"))).toEqual([]);
      }
      const again = linesOf(logOf(bucket))
        .slice(said)
        .filter((line) => line.startsWith(event));
      // what was promoted before it was asked for its health is asked, whatever was asked by then
      if (event === "health_check") for (const host of hosts) expect(again).toContain(`${event} ${host}`);
      const told = linesOf(logOf(bucket)).filter((line) => line.startsWith(event));
      for (const host of hosts) expect(told).toContain(`${event} ${host}`);
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(await lifecycles("api")).toEqual(after);
    }),
  );
});
