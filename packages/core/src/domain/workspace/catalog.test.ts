import { describe, expect, it } from "vitest";
import type { Problem } from "../checks/problem.ts";
import { assemble, type Before, type Written } from "./catalog.ts";
import type { Allocation } from "./job.ts";

const NOTHING: Before = { workerIds: new Map(), ports: {}, allocations: [] };
const file = (path: string) => ({ path, hash: path, executable: false, size: 1 });
const aWorkspace = (over: Partial<Written> = {}): Written => ({
  workers: [],
  disabled: undefined,
  jobs: [],
  portRange: { min: 30_000, max: 30_009 },
  overrides: {},
  ...over,
});
const job = (name: string, manifest: unknown = {}) => ({ name, manifest, files: [file("Makefile")] });

function build(written: Partial<Written>, before: Partial<Before> = {}, claimed: string[] = []) {
  let ids = 0;
  const newId = () => {
    ids += 1;
    return `id${ids}`;
  };
  return assemble(aWorkspace(written), { ...NOTHING, ...before }, { newId, owners: { claimed, absent: new Map() } });
}
const brief = (problems: readonly Problem[]) => problems.map(({ code, where }) => `${code} ${where}`);

const FLEET = {
  workers: [
    { host: "10.0.0.2", labels: ["web"], memory: "1 gb" },
    { host: "10.0.0.1", labels: ["web", "db"], position: 0, memory: "4 gb" },
  ],
  jobs: [
    job("web", {
      version: "1.0.0",
      selectors: ["web"],
      resources: { ports: { http: {}, admin: 9090 }, memory: { min: "256 mb", max: "1 gb" } },
      commands: { command_wait: { executed_on: ["pre_deploy"], demands: { job: "db", command: "command_up" } } },
    }),
    job("db", {
      version: "2.0.0",
      commands: { command_up: { executed_on: ["cli"] } },
      resources: { ports: { http: {} } },
    }),
  ],
};

describe("the catalog of a workspace", () => {
  it("contains workers by position, jobs by name, waves, ports and allocations", () => {
    const { catalog, problems } = build(FLEET);
    expect(problems).toEqual([]);
    expect(catalog.workers.map(({ host, workerId, position }) => [host, workerId, position])).toEqual([
      ["10.0.0.1", "id2", 0],
      ["10.0.0.2", "id1", 0],
    ]);
    expect(
      catalog.jobs.map(({ name, deploymentSeq, ports, version }) => [name, deploymentSeq, ports, version]),
    ).toEqual([
      ["db", 0, { http: 30_000 }, "2.0.0"],
      ["web", 1, { admin: 9090, http: 30_001 }, "1.0.0"],
    ]);
    expect(catalog.allocations.map(({ job, host, index }) => [job, host, index])).toEqual([
      ["db", "10.0.0.1", 0],
      ["web", "10.0.0.1", 0],
      ["web", "10.0.0.2", 1],
    ]);
  });

  it("keeps earlier ids and ports, and gives a new worker a new id", () => {
    const before = { workerIds: new Map([["10.0.0.1", "old"]]), ports: { web: { http: 30_005 } } };
    const { catalog } = build(FLEET, before);
    expect(catalog.workers.map(({ workerId }) => workerId)).toEqual(["old", "id1"]);
    expect(catalog.jobs.map(({ ports }) => ports.http)).toEqual([30_000, 30_005]);
  });

  it("keeps the manifest as written, and sorts files by path", () => {
    const manifest = { selectors: ["web"], health_check: { type: "tcp" } };
    const files = [file("b"), file("a"), file("B")];
    const { catalog, problems } = build({ ...FLEET, jobs: [{ name: "api", manifest, files }] }, {}, ["health_check"]);
    expect(problems).toEqual([]);
    expect(catalog.jobs[0]?.manifest).toEqual(manifest);
    expect(catalog.jobs[0]?.files.map(({ path }) => path)).toEqual(["B", "a", "b"]);
  });

  it("contains the overrides of reserved resources", () => {
    const overrides = { web: { file: "workspace/bucket.jobs.conf", memory: "512 mb" } };
    expect(build({ ...FLEET, overrides }).catalog.jobs[1]?.memory).toEqual({
      min: 256,
      max: 1024,
      reserved: 512,
      source: "bucket.jobs.conf",
    });
  });

  it("marks disabled allocations, and keeps their ports and waves", () => {
    const { catalog, problems } = build({ ...FLEET, disabled: { jobs: { db: {} } } });
    expect(problems).toEqual([]);
    expect(catalog.allocations.filter(({ disabled }) => disabled).map(({ job }) => job)).toEqual(["db"]);
    expect(catalog.jobs[0]?.ports).toEqual({ http: 30_000 });
  });

  it("keeps removed allocations, marked as removed", () => {
    const gone: Allocation = { id: "x", job: "old", host: "10.9.9.9", disabled: false, removed: false, index: 0 };
    expect(build(FLEET, { allocations: [gone] }).catalog.allocations.at(-1)).toEqual({ ...gone, removed: true });
  });
});

describe("the problems of a workspace", () => {
  it("include a warning for a job that matches no worker", () => {
    const { catalog, problems } = build({ ...FLEET, jobs: [job("api", { selectors: ["gpu", "fast"] })] });
    expect(catalog.allocations).toEqual([]);
    expect(problems).toEqual([
      {
        code: "no_worker_matches",
        level: "warning",
        where: "workspace/jobs/api/manifest.json: selectors",
        message: 'no worker has "gpu" and "fast", so job api runs nowhere',
        hint: "label a worker in workspace/workers.json, or change the selectors",
      },
    ]);
  });

  it.each(["jobs", "activejobs", "bucket_id"])("include the reserved port name %s", (name) => {
    const { problems } = build({ ...FLEET, jobs: [job("db", { resources: { ports: { [name]: {} } } })] });
    expect(problems).toEqual([
      {
        code: "invalid_manifest",
        level: "error",
        where: `workspace/jobs/db/manifest.json: resources.ports.${name}`,
        message: `"${name}" is reserved for the bucket`,
        hint: "give the port another name",
      },
    ]);
  });

  it("are reported together for all files", () => {
    const { problems } = build({
      workers: [{ host: "10.0.0.1", labels: ["web"] }],
      disabled: { jobs: { nobody: {} }, wrkers: [] },
      jobs: [
        job("a", { version: 1 }),
        job("b", { selectors: ["web"], resources: { ports: { p: 80 }, memory: { min: "1 gb" } } }),
        job("c", { selectors: ["web"], resources: { ports: { p: 80, jobs: {} } }, min_allocations_count: 2 }),
        job("d", {
          selectors: ["gpu"],
          commands: { command_x: { executed_on: ["cli"], demands: { job: "zz", command: "command_y" } } },
        }),
      ],
      overrides: { b: { file: "workspace/bucket.jobs.conf", cpu: "2 cores" } },
    });
    expect(brief(problems).sort()).toEqual([
      "insufficient_resources workspace/workers.json: 10.0.0.1.memory",
      "invalid_bucket_conf workspace/bucket.jobs.conf: b.cpu",
      "invalid_demand workspace/jobs/d/manifest.json: commands.command_x.demands.job",
      "invalid_disabled workspace/disabled.json: wrkers",
      "invalid_manifest workspace/jobs/a/manifest.json: version",
      "invalid_manifest workspace/jobs/c/manifest.json: resources.ports.jobs",
      "missing_allocations workspace/jobs/c/manifest.json: min_allocations_count",
      "no_worker_matches workspace/jobs/d/manifest.json: selectors",
      "port_collision workspace/jobs/c/manifest.json: resources.ports.p",
      "unknown_name workspace/disabled.json: jobs",
    ]);
  });
});

describe("a build reports no further problem", () => {
  it("for jobs that depend on a job with a refused manifest, or for disabled.json", () => {
    const { problems } = build({
      ...FLEET,
      jobs: [...FLEET.jobs.slice(0, 1), job("db", { version: 2 })],
      disabled: { jobs: { db: {} } },
    });
    expect(brief(problems)).toEqual(["invalid_manifest workspace/jobs/db/manifest.json: version"]);
  });
  it("for jobs on a refused worker, or for disabled.json", () => {
    const workers = [{ host: "10.0.0.1", labels: "web" }];
    const { problems } = build({
      workers,
      jobs: [job("api", { min_allocations_count: 1 })],
      disabled: { workers: ["10.0.0.1"] },
    });
    expect(brief(problems)).toEqual(["invalid_workers workspace/workers.json: [0].labels"]);
  });
  it("for the capacity of workers if disabled.json is refused", () => {
    const { problems } = build({
      ...FLEET,
      workers: [{ host: "10.0.0.1", labels: ["web", "db"] }],
      disabled: { workers: "10.0.0.1" },
    });
    expect(brief(problems)).toEqual(["invalid_disabled workspace/disabled.json: workers"]);
  });
  it("for files that could not be read and were already reported", () => {
    expect(
      build({ workers: undefined, jobs: [job("api", undefined), job("web")], disabled: undefined }).problems,
    ).toEqual([]);
  });
});

describe("a worker whose address is written in another notation", () => {
  const before = { workerIds: new Map([["WEB1", "id-of-web1"]]) };

  it.each(["web1", "WEB1", "web1."])("is recognized as the stored worker WEB1 if its address is %s", (host) => {
    const { catalog } = build({ workers: [{ host }] }, before);
    expect(catalog.workers.map((worker) => [worker.host, worker.workerId])).toEqual([["WEB1", "id-of-web1"]]);
  });

  it("is matched by disabled.json in any notation", () => {
    const { catalog, problems } = build({
      workers: [{ host: "2001:db8::1" }, { host: "web1" }],
      jobs: [
        job("api", { version: "1.0.0", selectors: ["worker"] }),
        job("b", { version: "1.0.0", selectors: ["worker"] }),
      ],
      disabled: { workers: ["2001:DB8:0::1"], jobs: { api: { allocations: ["WEB1."] } } },
    });
    expect(brief(problems)).toEqual([]);
    const disabled = catalog.allocations.filter((allocation) => allocation.disabled);
    expect(disabled.map((allocation) => `${allocation.job}@${allocation.host}`).sort()).toEqual([
      "api@2001:db8::1",
      "api@web1",
      "b@2001:db8::1",
    ]);
  });
});
