import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMaandError } from "@maand/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { aBucket, type TestBucket } from "../../packages/core/src/testing/index.ts";

const A = "10.0.0.1";
const V1 = { version: "1.0.0", selectors: ["worker"] };
let bucket: TestBucket;

beforeEach(() => {
  bucket = aBucket();
  bucket.workers(A);
  bucket.job("api", V1);
});

afterEach(() => bucket.dispose());

const path = (name: string) => join(bucket.root, "workspace", name);

async function refusal(): Promise<string[]> {
  const thrown: unknown = await bucket.build().then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (thrown === undefined) return [];
  if (!isMaandError(thrown) || thrown.problems.length === 0) throw thrown;
  return thrown.problems.map(({ where, message }) => `${where}: ${message}`);
}

it("temporary files of editors and of the Finder affect neither builds nor deploys", async () => {
  await bucket.ship();
  symlinkSync("me@host.1:2", path("jobs/api/.#Makefile"));
  for (const name of [".Makefile.swp", ".DS_Store", "Makefile~", "#Makefile#"]) bucket.write(`jobs/api/${name}`, "x");
  mkdirSync(path("jobs/api~"));
  const built = await bucket.build();
  expect(built.problems).toEqual([]);
  expect((await bucket.deploy()).allocations).toMatchObject([{ job: "api", action: "skip", outcome: "skipped" }]);
  expect(Object.keys(bucket.fleet.at("api", A)?.files ?? {})).toEqual(["Makefile", "manifest.json"]);
});

it("a deploy deletes a newly ignored file on its workers", async () => {
  bucket.job("api", V1, { "notes.md": "x" });
  await bucket.ship();
  bucket.write("jobs/api/.maandignore", "*.md\n");
  await bucket.ship();
  expect(Object.keys(bucket.fleet.at("api", A)?.files ?? {})).toEqual(["Makefile", "manifest.json"]);
});

it("a build accepts a forbidden file in a job if it is ignored", async () => {
  bucket.write("jobs/api/data/dump.sql", "x");
  expect(await refusal()).toHaveLength(1);
  bucket.write("jobs/api/.maandignore", "data/\n");
  expect(await refusal()).toEqual([]);
});

it("a build refuses a pattern that matches a whole job, because the next deploy would stop the job", async () => {
  bucket.write(".maandignore", "api/\n");
  expect(await refusal()).toEqual(["workspace/jobs/api: workspace/.maandignore ignores the whole job"]);
  rmSync(path(".maandignore"));
  expect(await refusal()).toEqual([]);
});

it("a build refuses a file larger than max_file_size, names it, and changes nothing", async () => {
  await bucket.ship();
  writeFileSync(join(bucket.root, "maand.conf"), 'transport = "fake"\nmax_file_size = "1 mb"\n');
  bucket.write("jobs/api/image.tar", "x".repeat(1024 * 1024 + 1));
  expect(await refusal()).toEqual(["workspace/jobs/api/image.tar: is 1 MB, but max_file_size is 1 MB"]);
  expect((await bucket.deploy()).allocations).toMatchObject([{ job: "api", action: "skip", outcome: "skipped" }]);
});

it("a deploy syncs a file that is stored in several pieces", async () => {
  const text = `${"0123456789abcdef".repeat(160_000)}end`;
  bucket.job("api", V1, { large: text });
  await bucket.ship();
  expect(bucket.fleet.at("api", A)?.files.large === text).toBe(true);
});
