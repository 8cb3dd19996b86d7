import fc from "fast-check";
import { expect, it } from "vitest";
import { assemble, type Before, type Written } from "./catalog.ts";
import { demandedJobs } from "./job.ts";

fc.configureGlobal({ seed: 1 });

const LABELS = ["web", "db", "gpu"];
const NAMES = ["a", "b", "c", "d"];
const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.10", "web1", "web01"];
const amount = fc.constantFrom("256 mb", "0.1 gb", "2 gb", "lots");

const worker = fc.record(
  {
    host: fc.constantFrom(...HOSTS),
    labels: fc.subarray(LABELS),
    position: fc.integer({ min: 0, max: 2 }),
    memory: amount,
  },
  { requiredKeys: ["host", "position"] },
);
const command = fc.record(
  {
    executed_on: fc.constant(["pre_deploy"]),
    demands: fc.record({ job: fc.constantFrom(...NAMES, "zz"), command: fc.constant("command_x") }),
  },
  { requiredKeys: ["executed_on"] },
);
const manifest = fc.record(
  {
    version: fc.constantFrom("1.0.0", "2", 3),
    selectors: fc.subarray(LABELS, { minLength: 1 }),
    min_allocations_count: fc.nat({ max: 2 }),
    resources: fc.record({
      memory: fc.record({ min: amount, max: amount }, { requiredKeys: [] }),
      ports: fc.dictionary(
        fc.constantFrom("http", "admin", "jobs"),
        fc.oneof(fc.constant({}), fc.constantFrom(80, 100)),
      ),
    }),
    commands: fc.dictionary(fc.constantFrom("command_x", "command_y"), command),
    verison: fc.constant("1"),
  },
  { requiredKeys: [] },
);
const jobs = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(...NAMES),
    manifest,
    files: fc.constant(["a", "B", "b/c"].map((path) => ({ path, hash: path, executable: false, size: 1 }))),
  }),
  { selector: (job) => job.name },
);
const disabled = fc.option(
  fc.record({ jobs: fc.dictionary(fc.constantFrom(...NAMES), fc.constantFrom({}, { allocations: ["10.0.0.1"] })) }),
  { nil: undefined },
);
const written: fc.Arbitrary<Written> = fc.record({
  workers: fc.uniqueArray(worker, { selector: (one) => one.host }),
  disabled,
  jobs,
  portRange: fc.constant({ min: 100, max: 103 }),
  overrides: fc.constant({ b: { file: "workspace/bucket.jobs.conf", memory: "300 mb" } }),
});

const ids = new Map(HOSTS.map((host) => [host, `id-${host}`]));
const NOTHING: Before = { workerIds: ids, ports: {}, allocations: [] };
const build = (workspace: Written, before: Before = NOTHING) =>
  assemble(workspace, before, { newId: () => "new", owners: { claimed: [], absent: new Map() } });

/** The same value with the keys of every object, and jobs and files, in reverse order. */
function turned(workspace: Written): Written {
  const jobs = [...workspace.jobs].reverse();
  return {
    ...workspace,
    workers: Array.isArray(workspace.workers) ? [...workspace.workers].reverse().map(keysTurned) : workspace.workers,
    disabled: keysTurned(workspace.disabled),
    jobs: jobs.map(({ name, manifest, files }) => ({
      name,
      manifest: keysTurned(manifest),
      files: [...files].reverse(),
    })),
  };
}
function keysTurned(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, keysTurned(part)]),
  );
}

it("the catalog and its problems do not depend on the order of jobs, files and keys", () => {
  fc.assert(
    fc.property(written, (workspace) => {
      const [one, other] = [build(workspace), build(turned(workspace))];
      const workerFault = one.problems.some(({ where }) => where.startsWith("workspace/workers.json: ["));
      expect(other.catalog.jobs).toEqual(one.catalog.jobs);
      if (workerFault) return;
      expect(other.catalog).toEqual(one.catalog);
      const sorted = (problems: typeof one.problems) => problems.map((problem) => JSON.stringify(problem)).sort();
      expect(sorted(other.problems)).toEqual(sorted(one.problems));
    }),
  );
});

it("a build of an unchanged workspace changes nothing", () => {
  fc.assert(
    fc.property(written, (workspace) => {
      const { catalog, placement: _, ...rest } = build(workspace);
      const before: Before = {
        workerIds: new Map(catalog.workers.map(({ host, workerId }) => [host, workerId])),
        ports: Object.fromEntries(catalog.jobs.map(({ name, ports }) => [name, ports])),
        allocations: catalog.allocations,
      };
      const { placement: __, ...again } = build(workspace, before);
      expect(again).toEqual({ catalog, ...rest });
    }),
  );
});

it("the next build contains every allocation of the previous build, and no id twice", () => {
  fc.assert(
    fc.property(written, written, (first, second) => {
      const before = build(first).catalog.allocations;
      const after = build(second, { ...NOTHING, allocations: before }).catalog.allocations;
      const ids = new Set(after.map(({ id }) => id));
      for (const { id } of before) expect(ids.has(id)).toBe(true);
      expect(ids.size).toBe(after.length);
    }),
  );
});

it("a job is placed exactly on the workers that have all labels it selects", () => {
  fc.assert(
    fc.property(written, (workspace) => {
      const { workers, jobs, allocations } = build(workspace).catalog;
      const placed = new Set(allocations.map(({ job, host }) => `${job}|${host}`));
      for (const job of jobs) {
        for (const { host, labels } of workers) {
          expect(placed.has(`${job.name}|${host}`)).toBe(job.selectors.every((label) => labels.includes(label)));
        }
      }
    }),
  );
});

/** Valid workspaces: each job depends only on jobs that precede it in the alphabet. */
const sound = fc
  .tuple(
    fc.uniqueArray(worker, { selector: (one) => one.host, minLength: 1 }),
    fc.array(fc.record({ on: fc.subarray(NAMES), selectors: fc.subarray(LABELS), ports: fc.subarray(["p", "q"]) }), {
      minLength: NAMES.length,
      maxLength: NAMES.length,
    }),
  )
  .map(
    ([workers, sketches]): Written => ({
      workers: workers.map(({ memory: _, ...one }) => one),
      disabled: undefined,
      jobs: sketches.map(({ on, selectors, ports }, at) => ({
        name: NAMES[at] ?? "",
        manifest: {
          version: "1.0.0",
          selectors: ["worker", ...selectors],
          resources: { ports: Object.fromEntries(ports.map((name) => [name, {}])) },
          commands: Object.fromEntries([
            ["command_x", { executed_on: ["cli"] }],
            ...on
              .filter((name) => name < (NAMES[at] ?? ""))
              .map((job) => [`command_${job}`, { executed_on: ["cli"], demands: { job, command: "command_x" } }]),
          ]),
        },
        files: [],
      })),
      portRange: { min: 100, max: 107 },
      overrides: {},
    }),
  );

it("a valid workspace gets unique ports, waves that follow its dependencies, and consecutive indexes", () => {
  fc.assert(
    fc.property(sound, (workspace) => {
      const { catalog, problems } = build(workspace);
      expect(problems.filter(({ level }) => level === "error")).toEqual([]);
      const ports = catalog.jobs.flatMap((job) => Object.values(job.ports));
      expect(new Set(ports).size).toBe(ports.length);
      const waves = new Map(catalog.jobs.map((job) => [job.name, job.deploymentSeq]));
      for (const job of catalog.jobs) {
        const demanded = demandedJobs(job).map((name) => waves.get(name) ?? Number.NaN);
        expect(job.deploymentSeq).toBe(Math.max(-1, ...demanded) + 1);
        const indexes = catalog.allocations.filter((one) => one.job === job.name).map(({ index }) => index);
        expect(indexes).toEqual(indexes.map((_, at) => at));
      }
    }),
  );
});

it("any invalid input is reported with readable problems, and never causes an exception", () => {
  const anything = fc.jsonValue();
  const listed = fc.oneof(
    anything,
    fc.array(fc.dictionary(fc.constantFrom("host", "labels", "tags", "port"), anything)),
  );
  const keyed = fc.dictionary(
    fc.constantFrom("version", "selectors", "resources", "commands", "jobs", "workers"),
    anything,
  );
  fc.assert(
    fc.property(listed, fc.oneof(anything, keyed), fc.oneof(anything, keyed), (workers, disabled, manifest) => {
      const job = { name: "api", manifest, files: [] };
      const { problems } = build({ workers, disabled, jobs: [job], portRange: { min: 1, max: 9 }, overrides: {} });
      for (const { message, hint = "" } of problems)
        expect(message + hint).not.toMatch(/Expected|received|Invalid|something/);
    }),
    { numRuns: 500 },
  );
});
