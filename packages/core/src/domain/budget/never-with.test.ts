import { expect, it } from "vitest";
import { exclusionRefusal, exclusionsOf } from "./never-with.ts";
import { refusalText } from "./refusal-text.ts";
import { purposeOf } from "./stop-purpose.ts";

const exclusions = exclusionsOf([{ name: "api", neverWith: ["db"] }, { name: "db" }, { name: "web" }]);

it("both jobs exclude each other if one names the other", () => {
  const db = { job: "db", what: "a rollout" };
  const refusal = exclusionRefusal(["api"], exclusions, [db]);
  expect(refusal && refusalText(refusal)).toBe(
    "api must not be changed together with db, and a rollout of db is under way",
  );
  expect(exclusionRefusal(["db"], exclusions, [{ job: "api", what: "a rollout" }])).toBeDefined();
  expect(exclusionRefusal(["web"], exclusions, [db])).toBeUndefined();
});

it("jobs that go down together, with their worker, do not exclude each other", () => {
  expect(exclusionRefusal(["api", "db"], exclusions, [{ job: "db", what: "maintenance" }])).toBeUndefined();
});

it.each([
  ["a whole job, by name", [{ disabled: true }, { disabled: true }], 0, 1, "asked"],
  ["one allocation by name", [{ disabled: true }, { disabled: false }], 0, undefined, "asked"],
  ["one allocation by name, of a job with a budget", [{ disabled: true }, { disabled: false }], 0, 1, "drain"],
  ["a worker", [{ disabled: true, drained: true }, { disabled: false }], 0, undefined, "drain"],
  [
    "every worker of a job",
    [
      { disabled: true, drained: true },
      { disabled: true, drained: true },
    ],
    0,
    undefined,
    "drain",
  ],
] as const)("disabling %s: the stop is for a purpose", (_, all, at, maxUnavailable, expected) => {
  const job = maxUnavailable === undefined ? {} : { maxUnavailable };
  const own: { readonly drained?: true } = { ...all[at] };
  expect(purposeOf(job, own, all)).toBe(expected);
});
