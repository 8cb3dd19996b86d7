import { expect, it } from "vitest";
import type { Allocation } from "../workspace/job.ts";
import { exclusionRefusal, exclusionsOf } from "./never-with.ts";
import { refusalText } from "./refusal-text.ts";
import { purposeOf } from "./stop-purpose.ts";

const exclusions = exclusionsOf([{ name: "api", neverWith: ["db"] }, { name: "db" }, { name: "web" }]);

it("two jobs exclude each other if one of them names the other", () => {
  const db = { job: "db", what: "a rollout" };
  const refusal = exclusionRefusal(["api"], exclusions, [db]);
  expect(refusal && refusalText(refusal)).toBe(
    "api must not be changed together with db, and a rollout of db is under way",
  );
  expect(exclusionRefusal(["db"], exclusions, [{ job: "api", what: "a rollout" }])).toBeDefined();
  expect(exclusionRefusal(["web"], exclusions, [db])).toBeUndefined();
});

it("jobs that are taken down together with their worker do not exclude each other", () => {
  expect(exclusionRefusal(["api", "db"], exclusions, [{ job: "db", what: "maintenance" }])).toBeUndefined();
});

type Disabled = Pick<Allocation, "disabled" | "drained">;

const active: Disabled = { disabled: false };
const named: Disabled = { disabled: true };
const drained: Disabled = { disabled: true, drained: true };

it.each([
  ["a job that is disabled by name is stopped on request", {}, [named, named], "asked"],
  [
    "a job with a budget is stopped on request if it is disabled by name",
    { maxUnavailable: 1 },
    [named, named],
    "asked",
  ],
  ["an allocation that is disabled by name is stopped on request", {}, [named, active], "asked"],
  [
    "an allocation that is disabled by name is drained if its job has a budget",
    { maxUnavailable: 1 },
    [named, active],
    "drain",
  ],
  ["an allocation on a disabled worker is drained", {}, [drained, active], "drain"],
  ["an allocation is drained even if all workers of its job are disabled", {}, [drained, drained], "drain"],
] as const)("%s", (_, job, all, expected) => {
  expect(purposeOf(job, all[0], all)).toBe(expected);
});
