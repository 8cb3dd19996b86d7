import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { contentHash } from "../../../packages/core/src/domain/deploy/digest.ts";
import { type LocalBucket, localBucket } from "../../support/bucket/local-bucket.ts";
import { startMaand } from "../../support/bucket/maand.ts";
import { isInPostgres } from "../../support/postgres/test-store.ts";

const REPORT_MEMORY = fileURLToPath(new URL("../../support/bucket/report-memory.mjs", import.meta.url));
const MB = 1024 * 1024;
const SIZE = 300 * MB;
/** The memory that a command needs without large files, plus some pieces of a file. */
const ENOUGH = (isInPostgres() ? 340 : 220) * MB; // the thread of the database connection has a separate heap

let bucket: LocalBucket;

beforeAll(async () => {
  bucket = await localBucket(1);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { Makefile: "start:\n\t@true\nrestart: start\n" });
  const file = join(bucket.root, "workspace/jobs/api/image.tar");
  writeFileSync(file, "begin");
  truncateSync(file, SIZE);
});

afterAll(() => bucket.dispose());

/** Runs a command, and returns its peak memory. */
async function memoryOf(...args: readonly string[]): Promise<number> {
  const reported = join(bucket.root, "memory");
  const running = startMaand(args, { cwd: bucket.root, env: { MEMORY_FILE: reported }, preload: [REPORT_MEMORY] });
  const { code, stderr } = await running.ended;
  expect(code, stderr).toBe(0);
  return Number(readFileSync(reported, "utf8"));
}

it("builds, dry runs with --diff and deploys never load a complete large file into memory", async () => {
  expect(await memoryOf("build")).toBeLessThan(ENOUGH);
  expect(await memoryOf("deploy", "--dry-run", "--diff")).toBeLessThan(ENOUGH);
  expect(await memoryOf("deploy")).toBeLessThan(ENOUGH);
  const [host = ""] = bucket.hosts;
  const delivered = join(bucket.directory("api", host), "image.tar");
  expect(statSync(delivered).size).toBe(SIZE);
  expect(contentHash(readFileSync(delivered))).toBe(
    contentHash(readFileSync(join(bucket.root, "workspace/jobs/api/image.tar"))),
  );
});
