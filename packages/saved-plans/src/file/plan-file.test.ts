import { describe, expect, it } from "vitest";
import { planText, readPlan, sealPlan } from "./plan-file.ts";
import type { PlanBody } from "./plan-schema.ts";

const BODY: PlanBody = {
  bucket: "b",
  commit: null,
  from_workspace: false,
  options: { jobs: [], force: false, sync_only: false, revert: null, with_hooks: false },
  required: true,
  notes: [],
  waves: [
    {
      deployment_seq: 0,
      jobs: [
        {
          job: "api",
          required: true,
          pre_deploy: "none",
          blocked_by: null,
          after_pending: false,
          health_pending: false,
          rollout: null,
          unchanged: 1,
          allocations: [
            {
              worker_ip: "10.0.0.1",
              action: "sync",
              tree: "0123456789abcdef",
              reasons: ["its files on the worker differ from the promoted files"],
              matched: [],
              current_version: "1.0.0",
              new_version: "1.0.0",
              previous_hash: null,
              current_hash: null,
              files: [],
            },
          ],
        },
      ],
    },
  ],
  stopping: [],
  undecided: [],
  failures: [],
  held: [],
  rests_on: {
    last_run: 1,
    update_seq: 1,
    maand: "0.2.0",
    plugins: {},
    settings: {},
    jobs: {},
    workers: {},
    allocations: {},
    rollouts: {},
    in_doubt: [],
    kv: {},
    kv_keys: {},
  },
};
const plan = sealPlan(BODY);
const text = planText(plan);
const refused = (message: string) =>
  expect.objectContaining({
    code: "PLAN_INVALID",
    message: expect.stringContaining(message),
    hint: expect.stringContaining("plan"),
  });

describe("the file of a plan", () => {
  it("is read back unchanged, even after being reformatted", () => {
    expect(readPlan(text, "plan.json")).toEqual(plan);
    expect(readPlan(JSON.stringify(JSON.parse(text), undefined, 4), "plan.json")).toEqual(plan);
  });

  it("is equal for equal plans, and different for different ones", () => {
    expect(planText(sealPlan(structuredClone(BODY)))).toBe(text);
    expect(sealPlan({ ...BODY, required: false }).digest).not.toBe(plan.digest);
  });

  it("is refused when it is truncated anywhere", () => {
    for (let length = 0; length < text.trimEnd().length; length += 7)
      expect(() => readPlan(text.slice(0, length), "plan.json")).toThrow(refused("plan.json"));
  });

  it.each([
    ["an action", '"sync"', '"stop"'],
    ["a worker", "10.0.0.1", "10.0.0.2"],
    ["the bucket", '"bucket":"b"', '"bucket":"c"'],
    ["its digest", plan.digest, plan.digest.replace(/^./, (first) => (first === "0" ? "1" : "0"))],
    ["what it depends on", '"last_run":1', '"last_run":2'],
  ])("is refused when %s in it was edited", (_, from, to) => {
    expect(text).toContain(from);
    expect(() => readPlan(text.replace(from, to), "plan.json")).toThrow(refused("plan.json was edited"));
  });

  it.each([
    ["nothing", "", "is empty"],
    ["other text", "hello\n", "is not a plan of maand: it is not JSON"],
    ["a list", "[]", "is not a plan of maand"],
    ["another JSON file", '{"name":"web"}', "is not a plan of maand"],
    ["a format that is not a number", '{"maand_plan":"1"}', "is not a plan of maand"],
  ])("is refused when it is %s", (_, content, message) => {
    expect(() => readPlan(content, "plan.json")).toThrow(refused(message));
  });

  it("is refused if it comes from a newer version of maand, with both format versions in the message", () => {
    expect(() => readPlan('{"maand_plan":2}', "plan.json")).toThrow(
      refused("plan.json has format version 2, but this version of maand reads only up to 1"),
    );
  });

  it("is refused with the location of the error if its digest is correct but its structure is not", () => {
    const wrong = JSON.parse(JSON.stringify(BODY));
    wrong.waves[0].jobs[0].allocations[0].action = "explode";
    expect(() => readPlan(planText(sealPlan(wrong)), "plan.json")).toThrow(
      refused("plan.json is not a complete plan: waves.0.jobs.0.allocations.0.action is missing or wrong"),
    );
  });
});
