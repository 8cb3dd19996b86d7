import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";

interface Result {
  readonly worker_ip: string;
  readonly outcome: string;
  readonly exit: number | null;
  readonly stdout: string;
}

it("maand job runs targets, and refuses a worker whose worker.json differs from the store", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, workers, hosts, lifecycle, directory }) => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await bucket.maand("build");
    const early = await bucket.maand("job", "start", "api");
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining("run maand deploy first") });
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });

    const results = await bucket.json<Result[]>(
      "job",
      "run",
      "api",
      "--target",
      "migrate",
      "--allocations",
      hosts[1] ?? "",
    );
    expect(results).toMatchObject([
      { worker_ip: hosts[1], outcome: "ok", exit: 0, stdout: `migrate of api on ${hosts[1]}\n` },
    ]);
    expect(await bucket.maand("job", "run", "api", "--target", "reload")).toMatchObject({ code: 0 });
    expect(workers[1] && (await lifecycle("api", workers[1]))).toEqual([
      "start 0.0.0 1.0.0",
      "migrate 1.0.0 1.0.0",
      "reload 1.0.0 1.0.0",
    ]);

    await workers[0]?.write(`${directory("api")}/data/fail-restart`, "");
    const failed = await bucket.maand("job", "restart", "api");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("restart refuses");
    expect(failed.stderr).toContain(`skipped api on ${hosts[1]}: an earlier batch failed`);

    const file = `${directory("api")}/../../worker.json`;
    const printed = JSON.parse((await workers[0]?.read(file)) ?? "{}");
    await workers[0]?.write(file, JSON.stringify({ ...printed, update_seq: 7 }));
    const refused = await bucket.maand("job", "restart", "api");
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${hosts[0]}: update_seq is 7 on the worker, expected 1`),
    });
    expect(await bucket.maand("job", "status", "api", "--allocations", hosts[1] ?? "")).toMatchObject({ code: 0 });
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    expect(await bucket.maand("job", "status", "api")).toMatchObject({ code: 0 });
    expect(await bucket.maand("job", "stop", "api", "--allocations", "10.9.9.9")).toMatchObject({ code: 2 });
    expect(await bucket.maand("job", "stop", "nope")).toMatchObject({ code: 2 });
  }));
