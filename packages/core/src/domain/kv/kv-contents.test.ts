import { describe, expect, it } from "vitest";
import { aJob, anAllocation, aWorker } from "../../testing/samples.ts";
import type { Catalog } from "../workspace/catalog.ts";
import { type KvSources, kvContents } from "./kv-contents.ts";
import { NAMESPACE } from "./kv-names.ts";
import { abandonedJobs, abandonedNamespaces } from "./kv-purge.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";
const C = "10.0.0.10";

const workers = [
  aWorker({ host: A, labels: ["db", "worker"], tags: { zone: "US-East" }, memoryMb: 1_048_576, cpuMhz: 2150.4 }),
  aWorker({ host: B, labels: ["worker"], position: 1, hostname: "two" }),
  aWorker({ host: C, labels: ["db", "worker"], position: 2 }),
];

function published(catalog: Partial<Catalog>, over: Partial<KvSources> = {}) {
  const sources: KvSources = {
    bucketId: "bucket",
    catalog: { workers, jobs: [], allocations: [], ...catalog },
    bucketVars: new Map(),
    overrides: new Map(),
    jobVars: new Map(),
    ...over,
  };
  const { whole, put } = kvContents(sources);
  const all = new Map([...whole, ...put]);
  return (namespace: string) => Object.fromEntries(all.get(namespace) ?? []);
}

describe("a build publishes", () => {
  it("facts about workers, with numbers in plain decimal notation", () => {
    const of = published({
      jobs: [aJob()],
      allocations: [anAllocation({ host: A }), anAllocation({ host: B, disabled: true })],
    });
    expect(of(NAMESPACE.worker(A))).toEqual({
      worker_ip: A,
      worker_id: `worker-${A}`,
      labels: "db,worker",
      position: "0",
      worker_memory_mb: "1048576",
      worker_cpu_mhz: "2150.4",
      jobs: "api",
    });
    expect(of(NAMESPACE.worker(B))).toMatchObject({ hostname: "two", position: "1", jobs: "" });
    expect(of(NAMESPACE.tags(A))).toEqual({ zone: "US-East" });
  });

  it("the workers of each label, in worker order", () => {
    expect(published({})(NAMESPACE.workers)).toEqual({
      db_workers: `${A},${C}`,
      db_workers_length: "2",
      db_label_id: "d77d5e50-3ad1-339f-985a-c494268b351b",
      worker_workers: `${A},${B},${C}`,
      worker_workers_length: "3",
      worker_label_id: "b61822e8-357d-3aff-b7ea-accf348d9134",
    });
  });

  it("the active workers, resources and ports of each job", () => {
    const job = aJob({
      selectors: ["db", "worker"],
      ports: { http: 30_000 },
      memory: { min: 128, max: 2_000_000, reserved: 1_500_000.5, source: "manifest" },
    });
    const allocations = [
      anAllocation({ host: A }),
      anAllocation({ host: B, disabled: true, index: 1 }),
      anAllocation({ host: C, index: 2 }),
    ];
    const of = published({ jobs: [job], allocations });
    expect(of(NAMESPACE.job("api"))).toEqual({
      name: "api",
      job_id: "8a5da52e-d126-347d-b59e-70c05721a8aa",
      job_name: "api",
      version: "1.0.0",
      selectors: "db,worker",
      min_memory_mb: "128",
      max_memory_mb: "2000000",
      memory: "1500000.5",
      min_cpu_mhz: "0",
      max_cpu_mhz: "0",
      cpu: "0",
      workers: `${A},${C}`,
      workers_length: "2",
      rollout_order: `${A},${C}`,
      port_http: "30000",
    });
    expect(of(NAMESPACE.members("api"))).toEqual({ hosts: `${A},${B},${C}` });
  });

  it("the variables of the bucket, and the overrides and variables of each job", () => {
    const of = published(
      { jobs: [aJob()] },
      {
        bucketVars: new Map([["domain", " example.org "]]),
        overrides: new Map([["api", new Map([["memory", "1 gb"]])]]),
        jobVars: new Map([["api", new Map([["color", "red"]])]]),
      },
    );
    expect(of(NAMESPACE.bucketVars)).toEqual({ domain: " example.org " });
    expect(of(NAMESPACE.overrides("api"))).toEqual({ memory: "1 gb" });
    expect(of(NAMESPACE.jobVars("api"))).toEqual({ color: "red" });
  });
});

describe("the namespace maand/bucket", () => {
  const api = aJob({ ports: { http: 30_000, admin: 30_001 } });
  const web = aJob({ name: "web", ports: { http: 30_002 } });

  it("omits a port name that two jobs declare", () => {
    const allocations = [anAllocation(), anAllocation({ job: "web" })];
    const of = published({ jobs: [api, web], allocations });
    expect(of(NAMESPACE.bucket)).toEqual({
      bucket_id: "bucket",
      jobs: "api,web",
      activejobs: "api,web",
      admin: "30001",
    });
    expect(of(NAMESPACE.job("api"))).toMatchObject({ port_http: "30000" });
    expect(of(NAMESPACE.job("web"))).toMatchObject({ port_http: "30002" });
  });

  it("contains the ports of a job that is disabled everywhere, but does not list it as active", () => {
    const of = published({ jobs: [api], allocations: [anAllocation({ disabled: true })] });
    expect(of(NAMESPACE.bucket)).toMatchObject({ http: "30000", jobs: "api", activejobs: "" });
    expect(of(NAMESPACE.job("api"))).toMatchObject({ workers: "", workers_length: "0", rollout_order: "" });
  });

  it("omits the ports of a job that runs nowhere", () => {
    expect(published({ jobs: [api] })(NAMESPACE.bucket)).toEqual({ bucket_id: "bucket", jobs: "api", activejobs: "" });
  });
});

describe("a build after workers or jobs were removed", () => {
  const before: Catalog = {
    workers,
    jobs: [aJob(), aJob({ name: "web" })],
    allocations: [
      anAllocation({ host: A }),
      anAllocation({ job: "web", host: A }),
      anAllocation({ job: "web", host: B }),
    ],
  };

  it("deletes the namespaces of a removed worker, its tags and its allocations", () => {
    const allocations = before.allocations.map((it) => (it.host === A ? { ...it, removed: true } : it));
    expect(abandonedNamespaces(before, { ...before, workers: workers.slice(1), allocations })).toEqual([
      "maand/worker/10.0.0.1",
      "maand/worker/10.0.0.1/tags",
      ...["maand/job/api", "vars/bucket/job/api", "maand/job/api/worker"],
      "maand/job/api/worker/10.0.0.1",
      "maand/job/web/worker/10.0.0.1",
    ]);
  });

  it("deletes the namespaces of a removed job", () => {
    const next = { ...before, jobs: [aJob()], allocations: before.allocations.slice(0, 1) };
    expect(abandonedNamespaces(before, next)).toEqual([
      ...["maand/job/web", "vars/bucket/job/web", "maand/job/web/worker"],
      "maand/job/web/worker/10.0.0.1",
      "maand/job/web/worker/10.0.0.2",
    ]);
  });

  it("publishes no entries of a job whose allocations were all removed, unlike a job that was never placed", () => {
    const of = published({ jobs: before.jobs, allocations: [anAllocation({ job: "web", removed: true })] });
    expect(of(NAMESPACE.job("web"))).toEqual({});
    expect(of(NAMESPACE.job("api"))).toMatchObject({ name: "api" });
  });

  it("keeps variables and secrets while the job has an allocation, even a disabled one", () => {
    const removed = anAllocation({ job: "web", host: A, removed: true });
    const jobs = before.jobs;
    const left = (...allocations: Catalog["allocations"]) =>
      abandonedJobs({ jobs, allocations }, ["api", "gone", "web"]);
    expect(left(removed, anAllocation({ job: "web", host: B, disabled: true }))).toEqual(["gone"]);
    expect(left(removed)).toEqual(["gone", "web"]);
    expect(left()).toEqual(["gone"]);
  });
});
