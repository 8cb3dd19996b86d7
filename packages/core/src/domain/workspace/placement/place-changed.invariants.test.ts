import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Disabled } from "../disabled.ts";
import { allocationId } from "../identity.ts";
import type { Allocation } from "../job.ts";
import { placedOf, placementDigests } from "./placed.ts";
import { place, placeChanged, type RecordedPlacement } from "./placement.ts";

const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"] as const;
const host = fc.constantFrom(...HOSTS);
const name = fc.constantFrom("api", "db", "old");
const labels = fc.uniqueArray(fc.constantFrom("web", "worker"));
const fleet = fc.uniqueArray(fc.record({ host, labels }), { selector: (one) => one.host });
const jobs = fc
  .uniqueArray(fc.record({ name, selectors: labels }), { selector: (one) => one.name })
  .map((all) => all.sort((a, b) => (a.name < b.name ? -1 : 1)));
const off: fc.Arbitrary<Disabled> = fc.record({
  workers: fc.uniqueArray(host).map((hosts) => new Set(hosts)),
  jobs: fc
    .dictionary(
      name,
      fc.oneof(
        fc.constant("all" as const),
        fc.uniqueArray(host).map((hosts) => new Set(hosts)),
      ),
    )
    .map((named) => new Map(Object.entries(named))),
});
const state = fc.record({ workers: fleet, jobs, disabled: off });
type State = {
  readonly workers: { host: string; labels: string[] }[];
  readonly jobs: { name: string; selectors: string[] }[];
  readonly disabled: Disabled;
};

const placedIn = ({ jobs: wanted, workers, disabled }: State, before: readonly Allocation[]) =>
  place(wanted, workers, disabled, before);

/** Everything that a store has recorded about the placement of all jobs after a build. */
function recorded(allocations: readonly Allocation[]): Map<string, RecordedPlacement> {
  const digestOf = placementDigests();
  return new Map(
    [...placedOf(allocations)].map(([job, own]) => [job, { digest: digestOf(own), removed: own.removed }]),
  );
}

const sorted = (allocations: readonly Allocation[]) =>
  [...allocations].sort((a, b) => (a.job + a.host < b.job + b.host ? -1 : 1));

describe("a placement that skips unchanged jobs", () => {
  it("gives the same result as a placement of all jobs, after any change", () => {
    let left = 0;
    fc.assert(
      fc.property(fc.array(state, { maxLength: 2 }), state, fc.boolean(), (earlier, now, isSame) => {
        const before = earlier.reduce<readonly Allocation[]>((known, one) => placedIn(one, known), []);
        const next = isSame ? { ...(earlier.at(-1) ?? now) } : now;
        const whole = placedIn(next, before);
        const {
          placed,
          same,
          changed,
          earlier: read,
        } = placeChanged(next.jobs, next.workers, next.disabled, {
          placements: recorded(before),
          except: (jobs) => before.filter(({ job }) => !jobs.has(job)),
        });
        left += same.size;
        const kept = before.filter(({ job }) => same.has(job));
        expect(sorted([...kept, ...changed])).toEqual(sorted(whole));
        expect(read.some(({ job }) => same.has(job))).toBe(false);
        const all = placedOf(whole);
        for (const { name: job } of next.jobs)
          expect(placed.get(job)).toEqual(all.get(job) ?? { members: [], active: [], drained: [], removed: 0 });
      }),
    );
    expect(left).toBeGreaterThan(30); // otherwise nothing was compared
  });

  it("reads no allocation if no placement changed", () => {
    fc.assert(
      fc.property(state, (one) => {
        const before = placedIn(one, []);
        const placements = recorded(before);
        const { changed, earlier } = placeChanged(one.jobs, one.workers, one.disabled, {
          placements,
          except: (jobs) => before.filter(({ job }) => !jobs.has(job)),
        });
        expect([...changed, ...earlier]).toEqual([]);
      }),
    );
  });
});

describe("the digest of a placement", () => {
  const one = fc.record({
    workers: fc.uniqueArray(host),
    disabled: fc.array(fc.constantFrom("no", "by name", "drained"), { minLength: 3, maxLength: 3 }),
  });
  const allocations = ({ workers, disabled }: { workers: string[]; disabled: string[] }) =>
    workers.map((at, index): Allocation => {
      const how = disabled[index] ?? "no";
      const base = { id: allocationId("api", at), job: "api", host: at, disabled: how !== "no", removed: false, index };
      return how === "drained" ? { ...base, drained: true } : base;
    });

  it("changes whenever a stored value of an allocation changes", () => {
    const digestOf = placementDigests();
    const of = (all: readonly Allocation[]) => [...placedOf(all).values()].map(digestOf);
    fc.assert(
      fc.property(one, one, (a, b) => {
        const [first, second] = [allocations(a), allocations(b)];
        expect(JSON.stringify(of(first)) === JSON.stringify(of(second))).toBe(
          JSON.stringify(first) === JSON.stringify(second),
        );
      }),
    );
  });
});
