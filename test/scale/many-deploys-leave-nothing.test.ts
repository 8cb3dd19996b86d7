import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { simulatedBucket, writeJob } from "../support/simulated-fleet/index.ts";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/**
 * Bytes by which the heap can grow during 15 deploys without a leak. It can grow once, because caches fill and code is
 * compiled late. With a leak, it grows each time.
 */
const NOISE = 1_500_000;

/** Temporary files of this test alone. */
let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maand-many-"));
  vi.stubEnv("TMPDIR", directory);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

function held() {
  collect();
  collect(); // the second collection frees dead buffers
  return {
    heap: process.memoryUsage().heapUsed,
    files: readdirSync("/proc/self/fd").length,
    temporary: readdirSync(directory),
  };
}

it("sixty deploys in one process use no more memory, open files and connections than fifteen", async () => {
  const bucket = await simulatedBucket({ workers: 3, jobs: 2, files: 2 });
  await bucket.maand("build");
  let number = 0;
  const deploys = async () => {
    for (const end = number + 15; number < end; number += 1) {
      writeJob(bucket, 0, `1.0.${number}`, { files: 2 });
      await bucket.maand("build");
      await bucket.maand("deploy", "-q");
    }
    return held();
  };
  const early = await deploys(); // by then, all code is compiled
  const later = [await deploys(), await deploys(), await deploys()];
  const growths = later.map(({ heap }, at) => heap - (later[at - 1] ?? early).heap);
  expect(Math.min(...growths)).toBeLessThan(NOISE);
  const late = later.at(-1);
  expect(late?.files).toBe(early.files);
  expect(late?.temporary).toEqual(early.temporary);
  expect(bucket.fleet.open).toBe(0);
  bucket.dispose();
});
