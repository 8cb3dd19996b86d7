import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { onFleet } from "../../support/bucket/fleet-bucket.ts";
import { maand } from "../../support/bucket/maand.ts";
import { type Fleet, startFleet } from "../../support/fleet/index.ts";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ count: 2 });
});
afterAll(() => fleet.close());

it("commands in a copy of a bucket fail and name the original until the copy takes over", () =>
  onFleet(fleet, async ({ bucket, workers, lifecycle, home }) => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    const copy = mkdtempSync(join(tmpdir(), "maand-copy-"));
    try {
      cpSync(bucket.root, copy, { recursive: true });
      const there = (...args: readonly string[]) => maand(args, { cwd: copy });
      // a command in the copy is refused before it connects to a worker
      const logins = workers.map((worker) => worker.connections());
      const first = await there("deploy", "--force");
      expect(first).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`is a copy of the bucket ${bucket.root} on`),
      });
      expect(workers.map((worker) => worker.connections())).toEqual(logins);
      expect(await there("adopt")).toMatchObject({ code: 0 });
      writeFileSync(join(copy, "workspace/jobs/api/manifest.json"), '{"version":"2.0.0","selectors":["worker"]}');
      expect(await there("deploy", "--build")).toMatchObject({ code: 0 });
      for (const worker of workers) expect(await lifecycle("api", worker)).toHaveLength(2);

      // now the first copy is out of date, and refuses every command that would change a worker
      const named = expect.stringMatching(
        new RegExp(`last changed from another copy of this bucket: maand deploy by .* on .*, in ${copy}, at `),
      );
      const late = await bucket.maand("deploy", "--force");
      expect(late).toMatchObject({ code: 1, stderr: named });
      expect(await bucket.maand("job", "restart", "api")).toMatchObject({ code: 2, stderr: named });
      expect((await bucket.maand("doctor")).stdout).toMatch(/last changed from another copy of this bucket/);
      // a large file, so that rsync syncs it instead of the runner
      writeFileSync(join(bucket.root, "workspace/jobs/api/large"), Buffer.alloc(3 * 1024 * 1024, "x"));
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 1, stderr: named });
      for (const worker of workers) {
        expect(await lifecycle("api", worker)).toHaveLength(2);
        expect(worker.exists(`${home}/jobs/api/large`)).toBe(false);
      }

      // the first copy takes over on request, and the second is refused
      const taken = await bucket.maand("deploy", "--take-over");
      expect(taken).toMatchObject({ code: 0 });
      for (const worker of workers) expect(worker.exists(`${home}/jobs/api/large`)).toBe(true);
      expect(await there("deploy", "--force")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`, in ${bucket.root}, at `),
      });
      expect(await bucket.maand("doctor")).toMatchObject({ code: 0 });
      expect(await bucket.maand("job", "restart", "api")).toMatchObject({ code: 0 });
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }));

it("the file on a worker that names the copy is private, and may be missing, as on workers of an earlier maand", () =>
  onFleet(fleet, async ({ bucket, workers: [worker], home }) => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    const mode = await worker?.run(["stat", "-c", "%a", `${home}/fence`]);
    expect(mode?.stdout.trim()).toBe("600");
    await worker?.run(["rm", `${home}/fence`]);
    expect(await bucket.maand("job", "restart", "api")).toMatchObject({ code: 0 });
    expect(worker?.exists(`${home}/fence`)).toBe(true);
  }));
