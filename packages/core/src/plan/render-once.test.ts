import { afterEach, expect, it } from "vitest";
import { definePlugin } from "../plugin-api/plugin.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

const buckets: TestBucket[] = [];
afterEach(() => {
  for (const bucket of buckets.splice(0)) bucket.dispose();
});

/**
 * A bucket with two jobs on three workers. For each list in `shared`, a plugin renders a file and declares that the
 * files of the listed jobs are the same for all allocations.
 */
function rendering(shared: readonly (readonly string[])[]) {
  const rendered: string[] = [];
  const plugins = shared.map((jobs, at) =>
    definePlugin({
      name: `plugin-${at}`,
      apply: ({ render }) =>
        render.tap({ name: `plugin-${at}`, sameForAll: ({ name }) => jobs.includes(name) }, (tree, { job, worker }) => {
          if (at === 0) rendered.push(`${job.name}@${worker.host}`);
          const content = Buffer.from(`${job.name} ${job.version} ${at}\n`);
          const file = { path: `made-${at}`, hash: "", size: content.length, executable: false, content };
          return { files: [...tree.files, file] };
        }),
    }),
  );
  const bucket = aBucket({ plugins });
  buckets.push(bucket);
  bucket.workers("10.0.0.1", "10.0.0.2", "10.0.0.3");
  for (const job of ["api", "web"]) bucket.job(job, { version: "1.0.0", selectors: ["worker"] });
  return { bucket, rendered };
}

it("a job is rendered once if every tap declares that its files are the same for all allocations", async () => {
  const { bucket, rendered } = rendering([["api", "web"], ["api"]]);
  await bucket.build();
  await bucket.plan();
  expect(rendered).toEqual(["api@10.0.0.1", "web@10.0.0.1", "web@10.0.0.2", "web@10.0.0.3"]);
});

it("all allocations of a job that is rendered once get its files, in every deploy that changes them", async () => {
  const { bucket } = rendering([["api", "web"]]);
  await bucket.ship();
  for (const host of ["10.0.0.1", "10.0.0.2", "10.0.0.3"])
    expect(bucket.fleet.at("api", host)?.files["made-0"]).toBe("api 1.0.0 0\n");
  const { allocations } = await bucket.deploy();
  expect(allocations.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 6 }, () => "skipped"));
  bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
  await bucket.ship();
  expect(bucket.fleet.at("api", "10.0.0.3")?.files["made-0"]).toBe("api 2.0.0 0\n");
  expect(bucket.fleet.running()["web@10.0.0.3"]).toBe("1.0.0");
});
