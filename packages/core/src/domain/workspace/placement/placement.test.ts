import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOTHING_DISABLED } from "../disabled.ts";
import { allocationId } from "../identity.ts";
import type { Allocation } from "../job.ts";
import { place } from "./placement.ts";

const workers = [
  { host: "10.0.0.1", labels: ["web", "worker"] },
  { host: "10.0.0.2", labels: ["db", "web", "worker"] },
  { host: "10.0.0.10", labels: ["worker"] },
];
const job = (name: string, ...selectors: string[]) => ({ name, selectors });
const was = (name: string, host: string, over: Partial<Allocation> = {}): Allocation => ({
  id: `kept-${name}-${host}`,
  job: name,
  host,
  disabled: false,
  removed: false,
  index: 0,
  ...over,
});
const hosts = (allocations: readonly Allocation[], name: string) =>
  allocations.filter((one) => one.job === name && !one.removed).map((one) => one.host);

describe("the placement of a job", () => {
  it.each([
    ["covers every worker that has the selected label", ["web"], ["10.0.0.1", "10.0.0.2"]],
    ["covers only workers that have all selected labels", ["web", "db"], ["10.0.0.2"]],
    ["covers all workers if all have the selected label", ["worker"], ["10.0.0.1", "10.0.0.2", "10.0.0.10"]],
    ["is empty if no worker has the selected label", ["gpu"], []],
    ["is empty if no worker has all selected labels", ["web", "gpu"], []],
  ])("%s", (_, selectors, expected) => {
    expect(hosts(place([job("api", ...selectors)], workers, NOTHING_DISABLED, []), "api")).toEqual(expected);
  });
});

describe("the allocations of a placement", () => {
  it("are ordered by job and worker, and numbered within their job", () => {
    expect(place([job("api", "web"), job("db", "db")], workers, NOTHING_DISABLED, [])).toEqual([
      { id: allocationId("api", "10.0.0.1"), job: "api", host: "10.0.0.1", disabled: false, removed: false, index: 0 },
      { id: allocationId("api", "10.0.0.2"), job: "api", host: "10.0.0.2", disabled: false, removed: false, index: 1 },
      { id: allocationId("db", "10.0.0.2"), job: "db", host: "10.0.0.2", disabled: false, removed: false, index: 0 },
    ]);
  });
  it("keep their id, and are no longer disabled if disabled.json does not name them", () => {
    const [first] = place([job("api", "db")], workers, NOTHING_DISABLED, [was("api", "10.0.0.2", { disabled: true })]);
    expect(first).toMatchObject({ id: "kept-api-10.0.0.2", disabled: false });
  });
  it("keep their index if another allocation is disabled, and have an index if they are disabled", () => {
    const disabled = { workers: new Set<string>(), jobs: new Map([["api", new Set(["10.0.0.1"])]]) };
    const placed = place([job("api", "worker")], workers, disabled, []);
    expect(placed.map(({ index, disabled }) => [index, disabled])).toEqual([
      [0, true],
      [1, false],
      [2, false],
    ]);
  });
  it("are kept as removed, after the others, if their job, worker or label no longer exists", () => {
    const before = [
      was("old", "10.0.0.10"),
      was("old", "10.0.0.2"),
      was("api", "10.9.9.9", { index: 4 }),
      was("api", "10.0.0.10"),
    ];
    const placed = place([job("api", "web")], workers, NOTHING_DISABLED, before);
    expect(placed.slice(0, 2).every((one) => !one.removed)).toBe(true);
    expect(placed.slice(2).map(({ job, host, removed, id }) => [job, host, removed, id])).toEqual([
      ["api", "10.0.0.10", true, "kept-api-10.0.0.10"],
      ["api", "10.9.9.9", true, "kept-api-10.9.9.9"],
      ["old", "10.0.0.2", true, "kept-old-10.0.0.2"],
      ["old", "10.0.0.10", true, "kept-old-10.0.0.10"],
    ]);
  });
  it("keep their id if they are desired again after being removed", () => {
    const placed = place([job("api", "db")], workers, NOTHING_DISABLED, [was("api", "10.0.0.2", { removed: true })]);
    expect(placed).toEqual([was("api", "10.0.0.2")]);
  });
});

describe("allocations of an earlier placement", () => {
  const host = fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.10");
  const name = fc.constantFrom("api", "db", "old");
  const label = fc.constantFrom("web", "db", "worker");
  const state = fc.record({ disabled: fc.boolean(), removed: fc.boolean(), index: fc.nat(3) });
  const earlier = fc.uniqueArray(fc.tuple(name, host, state), { selector: ([job, at]) => `${job}@${at}` });
  const fleet = fc.uniqueArray(fc.record({ host, labels: fc.uniqueArray(label) }), { selector: (one) => one.host });
  const jobs = fc.uniqueArray(fc.record({ name, selectors: fc.uniqueArray(label) }), { selector: (one) => one.name });
  const off = fc.record({
    workers: fc.uniqueArray(host),
    jobs: fc.dictionary(name, fc.oneof(fc.constant("all" as const), fc.uniqueArray(host))),
  });

  it("keep their ids and appear once, in any stored order", () => {
    fc.assert(
      fc.property(jobs, fleet, earlier, off, (wanted, workers, before, { workers: out, jobs: stopped }) => {
        const known = before.map(([job, at, more]) => was(job, at, more));
        const disabled = {
          workers: new Set(out),
          jobs: new Map(
            Object.entries(stopped).map(([job, hosts]) => [job, hosts === "all" ? hosts : new Set(hosts)] as const),
          ),
        };
        const idOf = (job: string, at: string) =>
          known.find((one) => one.job === job && one.host === at)?.id ?? allocationId(job, at);
        const expected = wanted.flatMap(({ name: job, selectors }) =>
          workers
            .filter(({ labels }) => selectors.every((one) => labels.includes(one)))
            .map(({ host: at }, index) => {
              const isNamed = stopped[job] === "all" || (stopped[job] ?? []).includes(at);
              const drained = out.includes(at) && !isNamed;
              const isOff = isNamed || drained;
              return {
                id: idOf(job, at),
                job,
                host: at,
                disabled: isOff,
                ...(drained ? { drained } : {}),
                removed: false,
                index,
              };
            }),
        );
        const placed = place(wanted, workers, disabled, known);
        expect(placed.filter(({ removed }) => !removed)).toEqual(expected);
        const ids = new Set(expected.map(({ id }) => id));
        const gone = known.filter(({ id }) => !ids.has(id)).map(({ id }) => id);
        expect(
          placed
            .filter(({ removed }) => removed)
            .map(({ id }) => id)
            .sort(),
        ).toEqual(gone.sort());
      }),
    );
  });
});
