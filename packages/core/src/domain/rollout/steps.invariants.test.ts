import fc from "fast-check";
import { expect, it } from "vitest";
import { isGate, parseStep, reachOf, remainingParts, type StepMember, stepProblems } from "./steps.ts";

fc.configureGlobal({ seed: 1 });

const gate = fc.option(fc.constantFrom("pause", "10m", "1s"), { nil: undefined, freq: 2 });

/** Valid steps: increasing counts, then increasing percentages, with gates between them, and 100% at the end. */
const validSteps = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 3 }),
    fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 4 }),
    fc.array(gate, { minLength: 8, maxLength: 8 }),
  )
  .map(([counts, shares, gates]) => {
    const grow = (a: number, b: number) => a - b;
    const sizes = [...counts.sort(grow).map(String), ...shares.sort(grow).map((share) => `${share}%`), "100%"];
    return sizes.flatMap((size, at) => [...(gates[at] === undefined ? [] : [gates[at]]), size]);
  });

/** Allocations of which some already run the release. */
const fleet = fc
  .array(fc.record({ isDone: fc.boolean(), priority: fc.boolean() }), { minLength: 1, maxLength: 60 })
  .map((members) => members.map((member, at): StepMember => ({ ...member, host: `10.0.0.${at}` })));

it("steps that increase and end at 100% are accepted", () => {
  fc.assert(
    fc.property(validSteps, (steps) => {
      expect(stepProblems(steps)).toEqual([]);
    }),
  );
});

it("each pending allocation is in exactly one step, and no step reaches more allocations than it allows", () => {
  fc.assert(
    fc.property(validSteps, fleet, fc.nat(), (steps, members, somewhere) => {
      const from = somewhere % steps.length;
      const parts = remainingParts(steps, from, members);
      const due = members.filter(({ isDone }) => !isDone).map(({ host }) => host);
      expect(parts.flatMap(({ hosts }) => hosts).sort()).toEqual([...due].sort());
      const indexes = parts.map(({ step }) => step);
      expect(indexes).toEqual([...new Set(indexes)].sort((a, b) => a - b));
      let done = members.length - due.length;
      for (const { step, hosts } of parts) {
        const text = steps[step] ?? "";
        if (isGate(text)) expect(hosts).toEqual([]);
        const parsed = parseStep(text);
        const reach = parsed && reachOf(parsed, members.length);
        done += hosts.length;
        if (reach !== undefined && hosts.length > 0) expect(done).toBe(reach);
      }
      expect(done).toBe(members.length);
      expect(isGate(steps[parts.at(-1)?.step ?? steps.length - 1])).toBe(false);
    }),
  );
});

it("a rollout that stopped at any step continues as if it had not stopped", () => {
  fc.assert(
    fc.property(validSteps, fleet, fc.nat(), (steps, members, somewhere) => {
      const whole = remainingParts(steps, 0, members);
      const stop = somewhere % (whole.length + 1);
      const reached = new Set(whole.slice(0, stop).flatMap(({ hosts }) => hosts));
      const now = members.map((member) => ({ ...member, isDone: member.isDone || reached.has(member.host) }));
      const rest = remainingParts(steps, whole[stop]?.step ?? steps.length, now);
      expect(rest).toEqual(whole.slice(stop));
    }),
  );
});
