import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../../packages/core/src/bucket/open-store.ts";
import { findBucket } from "../../../packages/core/src/config/find-bucket.ts";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { type FleetBucket, onFleet, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { type Fleet, startFleet, until } from "../../support/fleet/index.ts";
import { argumentsOf } from "../../support/fleet/processes.ts";

const ROLLING = { selectors: ["worker"], max_concurrent_starts: 1, max_concurrent_upgrades: 1 };

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ count: 2 });
});

afterAll(() => fleet.close());

/**
 * Processes on this machine that work for a bucket, except the processes of its workers, whose arguments also contain the
 * path of the bucket.
 */
function working(root: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => argumentsOf(Number(pid)))
    .filter((words) => words.includes(root) && !words.includes("file=$root/fence"));
}

/** Checks that a run left nothing behind. */
function expectNothingLeft({ bucket }: Pick<FleetBucket, "bucket">): void {
  expect(readdirSync(join(bucket.root, "tmp"))).toEqual([]);
  const store = openStore(findBucket(bucket.root));
  expect(store.holder.read()).toBeUndefined();
  store.close();
  expect(working(bucket.root)).toEqual([]);
}

describe.concurrent("a deploy", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "stops its commands on workers and exits with 130 after %s, and the next deploy resumes",
    (signal) =>
      onFleet(
        fleet,
        async (fixture) => {
          const { bucket, workers, hosts, home, directory, rollouts, lifecycles } = fixture;
          for (const job of ["api", "web"])
            bucket.job(job, { ...ROLLING, version: "1.0.0" }, { Makefile: CAREFUL_MAKEFILE });
          await workers[1]?.write(`${directory("api")}/data/hold`, "");
          const run = bucket.start(["deploy", "--build"]);
          await run.prints(`api@${hosts[1]} | api is at start`);
          run.kill(signal);
          const { code, stderr } = await run.ended;
          expect(code).toBe(130);
          expect(stderr).toContain("interrupted; stopping");
          expect(stderr).toMatch(new RegExp(`interrupted start api@${hosts[1]}`));
          expect(stderr).toMatch(/deploy interrupted: .*\n {2}next: .*maand deploy/);
          expectNothingLeft(fixture);
          for (const worker of workers) expect(worker.processesWith(home)).toEqual([]);
          expect(await rollouts()).toMatchObject({ [`api@${hosts[0]}`]: "promoted", [`api@${hosts[1]}`]: "in_doubt" });
          await workers[1]?.run(["rm", `${directory("api")}/data/hold`]);
          expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
          const done = ["start 0.0.0 1.0.0", "end start"];
          expect(await lifecycles("api")).toEqual([done, ["start 0.0.0 1.0.0", ...done]]);
          expect(await lifecycles("web")).toEqual([done, done]);
        },
        "max_concurrent_jobs = 1\n",
      ),
  );

  it("stops both sides of a transfer when it is interrupted, and the next deploy syncs the files", () =>
    withFleetBucket({ count: 1 }, async (fixture) => {
      const { bucket, workers, directory } = fixture;
      const [worker] = workers;
      bucket.job("api", { ...ROLLING, version: "1.0.0" }, { big: "big\n".repeat(5_000_000) });
      await bucket.maand("build");
      const run = bucket.start(["deploy"]);
      await until("the worker's rsync", () => (worker?.processesWith("rsync --server") ?? []).length > 0);
      worker?.freeze();
      run.kill("SIGINT");
      expect(await run.ended).toMatchObject({ code: 130 });
      expectNothingLeft(fixture);
      worker?.thaw();
      await until("the worker's rsync to end", () => worker?.processesWith("rsync --server").length === 0);
      expect(worker?.exists(`${directory("api")}/big`)).toBe(false);
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect((await worker?.read(`${directory("api")}/big`))?.length).toBe(20_000_000);
    }));

  it("exits immediately when it is interrupted a second time, even if a worker is stopped", () =>
    withFleetBucket({ count: 1 }, async (fixture) => {
      const { bucket, workers, hosts, directory, lifecycles } = fixture;
      const [worker] = workers;
      bucket.job("api", { ...ROLLING, version: "1.0.0" }, { Makefile: CAREFUL_MAKEFILE });
      await worker?.write(`${directory("api")}/data/hold`, "");
      const run = bucket.start(["deploy", "--build"]);
      await run.prints(`api@${hosts[0]} | api is at start`);
      worker?.freeze();
      run.kill("SIGINT");
      await run.prints("press Ctrl-C again to force");
      const began = performance.now();
      run.kill("SIGINT");
      expect(await run.ended).toMatchObject({ code: 130 });
      expect(performance.now() - began).toBeLessThan(4_000);
      expect(working(bucket.root)).toEqual([]);
      worker?.thaw();
      await worker?.run(["rm", `${directory("api")}/data/hold`]);
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(existsSync(join(bucket.root, "tmp")) && readdirSync(join(bucket.root, "tmp"))).toEqual([]);
      expect((await lifecycles("api"))[0]?.filter((line) => line.startsWith("overlap"))).toEqual([]);
    }));
});
