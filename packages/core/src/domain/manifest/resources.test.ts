import { describe, expect, it } from "vitest";
import type { Problem, Report } from "../checks/problem.ts";
import type { Allocation, Job, Reservation } from "../workspace/job.ts";
import { placedOf } from "../workspace/placement/placed.ts";
import type { Worker } from "../workspace/worker.ts";
import { checkCapacity, checkCounts, overridden } from "./resources.ts";

function problemsOf(run: (report: Report) => void): Problem[] {
  const problems: Problem[] = [];
  run((problem) => problems.push(problem));
  return problems;
}

const reserve = (min: number, max = min): Reservation => ({ min, max, reserved: max, source: "manifest" });

function aJob(name: string, over: Partial<Job> = {}): Job {
  return {
    name,
    version: "1.0.0",
    selectors: ["web", "fast"],
    restartPolicy: "always",
    restartGlobs: [],
    maxConcurrentStarts: 0,
    maxConcurrentUpgrades: 1,
    minAllocationsCount: 0,
    ports: {},
    memory: reserve(0),
    cpu: reserve(0),
    commands: [],
    deploymentSeq: 0,
    manifest: {},
    files: [],
    ...over,
  };
}
const aWorker = (host: string, memoryMb: number, cpuMhz: number): Worker => ({
  host,
  workerId: host,
  labels: ["worker"],
  tags: {},
  memoryMb,
  cpuMhz,
  position: 0,
});
const on = (job: string, host: string, over: Partial<Allocation> = {}): Allocation => ({
  id: `${job}@${host}`,
  job,
  host,
  disabled: false,
  removed: false,
  index: 0,
  ...over,
});

describe("an override of reserved resources", () => {
  const FILE = "workspace/bucket.jobs.prod.conf";
  const base = reserve(256, 1024);
  const apply = (memory: string | undefined, from = base) => {
    let result = from;
    const override = memory === undefined ? undefined : { file: FILE, memory };
    const problems = problemsOf((report) => {
      result = overridden("api", "memory", from, override, report);
    });
    return { result, problems };
  };

  it("is optional, and the default is the maximum of the manifest", () => {
    expect(apply(undefined)).toEqual({ result: base, problems: [] });
    const cpuOnly = { file: FILE, cpu: "2 ghz" };
    expect(problemsOf((report) => overridden("api", "memory", base, cpuOnly, report))).toEqual([]);
  });
  it.each(["256 mb", "0.5 gb", "1024"])("to %s is reserved if it is within the bounds of the manifest", (memory) => {
    const { result, problems } = apply(memory);
    expect(problems).toEqual([]);
    expect(result).toMatchObject({ min: 256, max: 1024, source: "bucket.jobs.prod.conf" });
    expect(result.reserved).toBeGreaterThanOrEqual(256);
  });
  it("sets minimum and maximum if the manifest sets neither", () => {
    expect(apply("2 gb", reserve(0)).result).toEqual({
      min: 2048,
      max: 2048,
      reserved: 2048,
      source: "bucket.jobs.prod.conf",
    });
  });
  it.each(["255", "1025 mb"])("to %s is refused if it is outside the bounds of the manifest", (memory) => {
    expect(apply(memory).problems).toEqual([
      {
        code: "unsupported_resources",
        level: "error",
        where: `${FILE}: api.memory`,
        message: `"${memory}" is outside the range of the manifest, 256 to 1024 MB`,
        hint: "change it, or resources.memory in workspace/jobs/api/manifest.json",
      },
    ]);
  });
  it("is refused with its file and job if it is not an amount", () => {
    expect(apply("lots")).toEqual({
      result: base,
      problems: [
        {
          code: "invalid_bucket_conf",
          level: "error",
          where: `${FILE}: api.memory`,
          message: '"lots" is not an amount of memory',
          hint: 'write it as "512 mb"',
        },
      ],
    });
    const [problem] = problemsOf((report) => overridden("api", "cpu", base, { file: FILE, cpu: "2 cores" }, report));
    expect(problem).toMatchObject({
      where: `${FILE}: api.cpu`,
      message: '"2 cores" is not an amount of cpu',
      hint: 'write it as "500 mhz"',
    });
  });
});

describe("the capacity of a worker", () => {
  const jobs = [aJob("api", { memory: reserve(1024), cpu: reserve(500) }), aJob("db", { memory: reserve(2048) })];
  const check = (workers: Worker[], allocations: Allocation[], of = jobs) =>
    problemsOf((report) => checkCapacity(of, workers, placedOf(allocations), report));

  it("is accepted if it is exactly sufficient", () => {
    expect(check([aWorker("a", 3072, 500)], [on("api", "a"), on("db", "a")])).toEqual([]);
  });
  it("may be unset if its jobs reserve nothing", () => {
    expect(check([aWorker("a", 0, 0)], [on("web", "a")], [aJob("web")])).toEqual([]);
  });
  it("is not used by disabled and removed allocations", () => {
    const idle = [on("api", "a", { disabled: true }), on("db", "a", { removed: true })];
    expect(check([aWorker("a", 0, 0)], idle)).toEqual([]);
  });
  it("is reported as insufficient for every worker and resource at once", () => {
    const workers = [aWorker("10.0.0.1", 3071.5, 0), aWorker("10.0.0.2", 0, 400)];
    const allocations = [on("api", "10.0.0.1"), on("db", "10.0.0.1"), on("api", "10.0.0.2")];
    expect(check(workers, allocations)).toEqual(
      [
        [
          "10.0.0.1.memory",
          "its jobs need 3072 MB, but it has only 3071.5 MB",
          "place fewer jobs there, or lower what they reserve",
        ],
        [
          "10.0.0.1.cpu",
          "its jobs need 500 MHz, but its capacity is not set",
          'run maand worker_facts -w 10.0.0.1, which reads and writes it, or write "cpu" for this worker',
        ],
        [
          "10.0.0.2.memory",
          "its jobs need 1024 MB, but its capacity is not set",
          'run maand worker_facts -w 10.0.0.2, which reads and writes it, or write "memory" for this worker',
        ],
        [
          "10.0.0.2.cpu",
          "its jobs need 500 MHz, but it has only 400 MHz",
          "place fewer jobs there, or lower what they reserve",
        ],
      ].map(([key, message, hint]) => ({
        code: "insufficient_resources",
        level: "error",
        where: `workspace/workers.json: ${key}`,
        message,
        hint,
      })),
    );
  });
  it("is sufficient for three thirds of it, despite rounding errors of binary fractions", () => {
    const tenths = ["x", "y", "z"].map((name) => aJob(name, { memory: reserve(102.4) }));
    const allocations = tenths.map(({ name }) => on(name, "a"));
    expect(check([aWorker("a", 307.2, 0)], allocations, tenths)).toEqual([]);
  });
});

describe("min_allocations_count", () => {
  const check = (minAllocationsCount: number, allocations: Allocation[]) =>
    problemsOf((report) => checkCounts([aJob("api", { minAllocationsCount })], placedOf(allocations), report));

  it("counts active and disabled allocations of the job, but not removed ones", () => {
    expect(check(2, [on("api", "a"), on("api", "b", { disabled: true })])).toEqual([]);
    expect(check(2, [on("api", "a"), on("api", "b", { removed: true }), on("db", "c")])).toEqual([
      {
        code: "missing_allocations",
        level: "error",
        where: "workspace/jobs/api/manifest.json: min_allocations_count",
        message: "job api has 1 allocation but needs 2",
        hint: 'label more workers with "web" and "fast"',
      },
    ]);
  });
  it("is reported with the plural for a job without allocations", () => {
    expect(check(1, [])[0]?.message).toBe("job api has 0 allocations but needs 1");
  });
});
