import { aJob, anAllocation, fakeScope } from "@maand/core/testing";
import { expect, it } from "vitest";
import { environmentOf } from "./environment.ts";

const variables = (own: Readonly<Record<string, string>>, more = {}) =>
  environmentOf(
    {
      scope: fakeScope({
        allocation: anAllocation({ disabled: true }),
        index: 3,
        currentVersion: "1.0.0",
        newVersion: "2.0.0",
      }),
      job: aJob(),
      event: "pre_deploy",
      command: "command_seed",
      more,
      api: { port: 4711, token: "t" },
    },
    own,
  );

it("a hook gets its allocation, its event and the address of the API", () => {
  expect(variables({ PATH: "/bin" }, { BATCH_INDEX: "0" })).toEqual({
    PATH: "/bin",
    PYTHONUNBUFFERED: "1",
    BATCH_INDEX: "0",
    CURRENT_VERSION: "1.0.0",
    NEW_VERSION: "2.0.0",
    ALLOCATION_ID: "api@10.0.0.1",
    ALLOCATION_IP: "10.0.0.1",
    ALLOCATION_INDEX: "3",
    DEPLOY_REASON: "manual",
    DISABLED: "1",
    JOB: "api",
    EVENT: "pre_deploy",
    COMMAND: "command_seed",
    JOB_COMMAND_API_HOST: "127.0.0.1",
    JOB_COMMAND_API_PORT: "4711",
    JOB_COMMAND_API_TOKEN: "t",
  });
});

it("variables of an outer maand hook are not passed on", () => {
  const around = {
    JOB_COMMAND_API_TOKEN: "theirs",
    NEW_ALLOCATIONS: "x",
    BATCH_INDEX: "7",
    ROLLOUT_ORDER: "y",
    HOME: "/root",
  };
  const environment = variables(around);
  expect(environment.HOME).toBe("/root");
  expect(Object.keys(environment)).not.toEqual(expect.arrayContaining(["NEW_ALLOCATIONS"]));
  expect([environment.BATCH_INDEX, environment.ROLLOUT_ORDER, environment.JOB_COMMAND_API_TOKEN]).toEqual([
    undefined,
    undefined,
    "t",
  ]);
});
