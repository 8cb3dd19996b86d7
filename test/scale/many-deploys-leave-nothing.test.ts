import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { simulatedBucket, writeJob } from "../support/simulated-fleet/index.ts";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Bytes that may differ between two moments without a leak: compiled code, and caches that are filled later. */
const NOISE = 4_000_000;

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

it("sixty deploys in one process hold no more memory, files and connections than twenty", async () => {
  const bucket = await simulatedBucket({ workers: 3, jobs: 2, files: 2 });
  await bucket.maand("build");
  const deploys = async (from: number, to: number) => {
    for (let number = from; number < to; number += 1) {
      writeJob(bucket, 0, `1.0.${number}`, { files: 2 });
      await bucket.maand("build");
      await bucket.maand("deploy", "-q");
    }
    return held();
  };
  const early = await deploys(0, 20); // by then, all code is compiled
  const late = await deploys(20, 60);
  expect(late.files).toBe(early.files);
  expect(late.heap - early.heap).toBeLessThan(NOISE);
  expect(late.temporary).toEqual(early.temporary);
  expect(bucket.fleet.open).toBe(0);
  bucket.dispose();
}, 120_000);
