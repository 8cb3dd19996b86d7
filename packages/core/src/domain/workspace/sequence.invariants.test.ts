import fc from "fast-check";
import { expect, it } from "vitest";
import { sequence } from "./sequence.ts";

fc.configureGlobal({ seed: 1 });

const jobs = ["a", "b", "c", "d", "e", "f", "g"];
const demands = fc
  .array(fc.subarray(jobs, { maxLength: 3 }), { minLength: jobs.length, maxLength: jobs.length })
  .map((lists) => new Map(jobs.map((job, at) => [job, lists[at] ?? []])));
/** Dependencies on jobs that precede the job in the alphabet, so there is no cycle. */
const acyclic = demands.map((all) => new Map([...all].map(([job, on]) => [job, on.filter((name) => name < job)])));

it("every job is in the earliest wave after the waves of all jobs it depends on", () => {
  fc.assert(
    fc.property(acyclic, (all) => {
      const { waves, cycle } = sequence(all);
      expect(cycle).toBeUndefined();
      for (const [job, on] of all) {
        const demanded = on.map((name) => waves.get(name) ?? Number.NaN);
        expect(waves.get(job)).toBe(demanded.length === 0 ? 0 : Math.max(...demanded) + 1);
      }
    }),
  );
});

it("either every job has a wave, or a cycle is reported in which each job depends on the next", () => {
  fc.assert(
    fc.property(demands, (all) => {
      const { waves, cycle } = sequence(all);
      expect(waves.size === all.size).toBe(cycle === undefined);
      for (const [at, job] of (cycle ?? []).slice(0, -1).entries()) expect(all.get(job)).toContain(cycle?.[at + 1]);
      if (cycle) expect(cycle.at(-1)).toBe(cycle[0]);
      for (const job of cycle ?? []) expect(waves.has(job)).toBe(false);
      for (const job of waves.keys()) for (const on of all.get(job) ?? []) expect(waves.has(on)).toBe(true);
    }),
  );
});

it("the waves do not depend on the order of the jobs", () => {
  fc.assert(
    fc.property(demands, fc.shuffledSubarray(jobs, { minLength: jobs.length }), (all, order) => {
      const other = sequence(new Map(order.map((job) => [job, [...(all.get(job) ?? [])].reverse()])));
      const one = sequence(all);
      expect(Object.fromEntries(other.waves)).toEqual(Object.fromEntries(one.waves));
      expect(other.cycle).toEqual(one.cycle);
    }),
  );
});
