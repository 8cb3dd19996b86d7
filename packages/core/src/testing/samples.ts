import { DEFAULT_SETTINGS, type Settings } from "../domain/settings/settings.ts";
import type { Allocation, Job, JobFile, Reservation } from "../domain/workspace/job.ts";
import type { Worker } from "../domain/workspace/worker.ts";

const NOTHING_RESERVED: Reservation = { min: 0, max: 0, reserved: 0, source: "manifest" };

/** The default settings of a bucket; pass only the settings that the test is about. */
export function someSettings(over: Partial<Settings> = {}): Settings {
  return { ...DEFAULT_SETTINGS, ...over };
}

/** A worker at `10.0.0.1`; pass only the fields the test is about. */
export function aWorker(over: Partial<Worker> = {}): Worker {
  const host = over.host ?? "10.0.0.1";
  return {
    host,
    workerId: `worker-${host}`,
    labels: ["worker"],
    tags: {},
    memoryMb: 0,
    cpuMhz: 0,
    position: 0,
    ...over,
  };
}

/** A job `api` of version 1.0.0 with only a Makefile; pass only the fields the test is about. */
export function aJob(over: Partial<Job> = {}): Job {
  return {
    name: "api",
    version: "1.0.0",
    selectors: ["worker"],
    restartPolicy: "always",
    restartGlobs: [],
    maxConcurrentStarts: 0,
    maxConcurrentUpgrades: 1,
    minAllocationsCount: 0,
    ports: {},
    memory: NOTHING_RESERVED,
    cpu: NOTHING_RESERVED,
    commands: [],
    deploymentSeq: 0,
    manifest: {},
    files: [aFile({ path: "Makefile" })],
    ...over,
  };
}

/** A small file of a job; its hash depends on its path, so that two files differ. */
export function aFile(over: Partial<JobFile> = {}): JobFile {
  const path = over.path ?? "app.conf";
  return { path, hash: Buffer.from(path).toString("hex").padEnd(64, "0"), executable: false, size: 12, ...over };
}

/** The active allocation of job `api` on `10.0.0.1`, the first of its job; pass only the fields the test is about. */
export function anAllocation(over: Partial<Allocation> = {}): Allocation {
  const job = over.job ?? "api";
  const host = over.host ?? "10.0.0.1";
  return { id: `${job}@${host}`, job, host, disabled: false, removed: false, index: 0, ...over };
}
