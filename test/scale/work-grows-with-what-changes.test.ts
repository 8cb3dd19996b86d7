import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SimulatedBucket, simulatedBucket, writeJob } from "../support/simulated-fleet/index.ts";
import { counted } from "../support/simulated-fleet/own-counts.ts";

const JOBS = 4;
/** The number of files that differ for each job. */
const FILES = 6;
/** The number of files that are equal in all jobs: the manifest, the Makefile, and the certificate of the bucket's CA. */
const SHARED = 3;
/** The number of other files on a worker: worker.json, jobs.json, and the program. */
const METADATA = 3;
/** The numbers of workers. The steps are equal, so that linear work grows by the same amount with each step. */
const SIZES = [6, 12, 18] as const;
const [SMALL, , LARGE] = SIZES;

const OPERATIONS = {
  "first build": ["build"],
  "unchanged build": ["build"],
  "first deploy": ["deploy", "-q"],
  "unchanged deploy": ["deploy", "-q"],
  "dry run": ["deploy", "--dry-run"],
  "build of new releases": ["build"],
  "deploy of new releases": ["deploy", "-q"],
  "build of one changed job": ["build"],
  "deploy of one changed job": ["deploy", "-q"],
  "job restart": ["job", "restart", "job0", "--yes"],
  run_command: ["run_command", "true"],
  drift: ["drift"],
} as const;

type Operation = keyof typeof OPERATIONS;
type Measured = Awaited<ReturnType<typeof measured>>;

/** The counts of each operation, by operation and number of workers. */
const found = new Map<Operation, Map<number, Measured>>();
const buckets: SimulatedBucket[] = [];

beforeAll(async () => {
  for (const workers of SIZES) {
    const bucket = await simulatedBucket({ workers, jobs: JOBS });
    buckets.push(bucket);
    for (const [operation, args] of Object.entries(OPERATIONS) as [Operation, readonly string[]][]) {
      if (operation === "build of new releases") changeSources(bucket);
      if (operation === "build of one changed job") writeJob(bucket, 0, "2.0.0");
      const own = await measured(bucket, args);
      found.set(operation, (found.get(operation) ?? new Map<number, Measured>()).set(workers, own));
    }
  }
});

afterAll(() => {
  for (const bucket of buckets) bucket.dispose();
});

/** Gives each job a new release, but with unchanged files on workers. */
function changeSources(bucket: SimulatedBucket): void {
  for (let job = 0; job < JOBS; job += 1) bucket.write(`workspace/jobs/job${job}/_modules/shared.py`, "\n");
}

async function measured(bucket: SimulatedBucket, args: readonly string[]) {
  bucket.fleet.reset();
  const own = await counted(`${bucket.root}/workspace`, () => bucket.maand(...args));
  return { ...own, ...bucket.fleet.counts, open: bucket.fleet.open };
}

function of(operation: Operation, workers: number): Measured {
  const one = found.get(operation)?.get(workers);
  if (one === undefined) throw new Error(`${operation} was not measured`);
  return one;
}

/** For each step of {@link SIZES}, the increase of a count per additional worker. */
function perWorker(operation: Operation, what: keyof Measured): number[] {
  return SIZES.slice(1).map((workers, at) => {
    const before = SIZES[at] ?? 0;
    return (of(operation, workers)[what] - of(operation, before)[what]) / (workers - before);
  });
}

describe.each(SIZES)("with %d workers", (workers) => {
  it.each(["first build", "unchanged build", "unchanged deploy", "dry run", "build of one changed job"] as const)(
    "the %s connects to no worker",
    (operation) => {
      expect(of(operation, workers)).toMatchObject({ connections: 0, channels: 0, bytesSent: 0, open: 0 });
    },
  );

  it("the first deploy connects to each worker once, and sends each content once", () => {
    expect(of("first deploy", workers)).toMatchObject({
      connections: workers,
      channels: 2 * workers, // the check for tools, and the program that runs all jobs
      processes: workers * JOBS,
      contents: workers * (JOBS * FILES + SHARED + METADATA),
      open: 0,
    });
  });

  it("the deploy of a changed job starts one process on each worker and sends only its files, through one channel", () => {
    expect(of("deploy of one changed job", workers)).toMatchObject({
      connections: workers,
      channels: workers,
      processes: workers,
      contents: workers * (FILES + 2), // with its manifest, and worker.json
      open: 0,
    });
  });

  it("a restart starts one process on each worker, and sends no file", () => {
    expect(of("job restart", workers)).toMatchObject({
      connections: workers,
      processes: workers,
      contents: 0,
      open: 0,
    });
    expect(of("job restart", workers).channels).toBe(workers); // the program, which also reports the delivered files
  });

  it.each(["run_command", "drift"] as const)("%s opens one connection and one channel for each worker", (operation) => {
    expect(of(operation, workers)).toMatchObject({ connections: workers, channels: workers, open: 0 });
  });
});

it.each([
  ["first deploy", 10],
  ["deploy of one changed job", 4],
  ["job restart", 2],
  ["run_command", 1],
  ["drift", 1],
] as const)("%s waits for at most %d round trips, for any number of workers", (operation, trips) => {
  for (const workers of SIZES) expect(of(operation, workers).roundTrips).toBeLessThanOrEqual(trips);
});

it("a first build reads each file of the workspace once, and an unchanged build reads only a few files", () => {
  for (const workers of SIZES) {
    expect(of("first build", workers).workspaceReads).toBe(of("first build", SMALL).workspaceReads);
    expect(of("unchanged build", workers).workspaceReads).toBeLessThanOrEqual(2 * JOBS + 6);
  }
});

it.each(["unchanged build", "unchanged deploy", "deploy of new releases", "dry run", "run_command"] as const)(
  "%s runs the same number of SQL statements for any number of workers",
  (operation) => {
    for (const workers of SIZES) expect(of(operation, workers).statements).toBe(of(operation, SMALL).statements);
  },
);

it.each([
  ["first build", 16],
  ["first deploy", 95],
  ["build of one changed job", 5],
  ["deploy of one changed job", 32],
  ["job restart", 6],
  ["drift", 1],
] as const)("%s runs at most %d SQL statements for each additional worker", (operation, most) => {
  const [first = 0, second = 0] = perWorker(operation, "statements");
  expect(second).toBe(first);
  expect(second).toBeLessThanOrEqual(most);
});

it.each([
  ["first deploy", 120_000],
  ["deploy of one changed job", 56_000],
  ["unchanged deploy", 2_000],
  ["job restart", 16_000],
] as const)("%s writes at most %d bytes for each additional worker", (operation, most) => {
  expect((of(operation, LARGE).bytesWritten - of(operation, SMALL).bytesWritten) / (LARGE - SMALL)).toBeLessThan(most);
});

it("an unchanged build reads no allocation from the store", () => {
  for (const workers of SIZES) expect(of("unchanged build", workers).allocationStatements).toBe(0);
});

it("a dry run writes only its output", () => {
  for (const workers of SIZES) expect(of("dry run", workers).bytesWritten).toBeLessThan(4_000);
});

it("the same seed simulates the same fleet", async () => {
  const simulation = { latencyMs: [0, 2], commandMs: [0, 2], outputBytes: [0, 500], unreachable: 0.2 } as const;
  const results = [];
  for (let run = 0; run < 2; run += 1) {
    const bucket = await simulatedBucket({ workers: 10, jobs: 2 }, { ...simulation, seed: 7 });
    buckets.push(bucket);
    await bucket.maand("build");
    await bucket.maand("deploy", "-q").catch(() => undefined); // some workers cannot be reached
    results.push({ ...bucket.fleet.counts });
  }
  const [first, second] = results;
  expect(second).toEqual({ ...first, bytesSent: expect.any(Number), bytesReceived: expect.any(Number) });
  expect(first?.processes).toBeGreaterThan(0);
  expect(first?.processes).toBeLessThan(20);
});
