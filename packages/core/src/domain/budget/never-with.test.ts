import { expect, it } from "vitest";
import type { Allocation } from "../workspace/job.ts";
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

type Disabled = Pick<Allocation, "disabled" | "drained">;

const active: Disabled = { disabled: false };
const named: Disabled = { disabled: true };
const drained: Disabled = { disabled: true, drained: true };

it.each([
  ["a complete job, by name", {}, [named, named], "asked"],
  ["a complete job with a budget, by name", { maxUnavailable: 1 }, [named, named], "asked"],
  ["one allocation by name", {}, [named, active], "asked"],
  ["one allocation by name, of a job with a budget", { maxUnavailable: 1 }, [named, active], "drain"],
  ["a worker", {}, [drained, active], "drain"],
  ["every worker of a job", {}, [drained, drained], "drain"],
] as const)("disabling %s: the purpose of stopping the first allocation", (_, job, all, expected) => {
  expect(purposeOf(job, all[0], all)).toBe(expected);
});
