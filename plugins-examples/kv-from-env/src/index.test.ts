import { aBucket, aJob, contributeContext, createHooks, validateContext } from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { kvFrom, kvFromEnv } from "./index.ts";

const job = aJob({ manifest: { env_keys: ["color", "log_level"] } });

async function hooksOf(environment: NodeJS.ProcessEnv) {
  const hooks = createHooks();
  await kvFrom(environment)().apply(hooks);
  return hooks;
}

describe("kv-from-env", () => {
  it("contributes only the requested variables of the environment", async () => {
    const hooks = await hooksOf({ MAAND_KV_COLOR: "blue", MAAND_KV_LOG_LEVEL: "debug", MAAND_KV_OTHER: "x" });
    const context = contributeContext({ job });
    await hooks.contribute.promise(context);
    expect(context.synced).toEqual([
      { namespace: "maand/job/api", prefix: "env/", entries: { "env/color": "blue", "env/log_level": "debug" } },
    ]);
  });

  it("refuses a build if a variable is missing, and names the variable", async () => {
    const hooks = await hooksOf({ MAAND_KV_COLOR: "blue" });
    const context = validateContext({ jobs: [job] });
    await hooks.validate.promise(context);
    expect(context.problems).toMatchObject([
      {
        code: "missing_variable",
        where: "workspace/jobs/api/manifest.json: env_keys",
        message: "environment variable MAAND_KV_LOG_LEVEL is not set",
      },
    ]);
  });

  it("updates a KV entry when its variable changes, and deletes it when the job drops the key", async () => {
    const environment: NodeJS.ProcessEnv = { COLOR_ENV: "green" };
    const bucket = aBucket({ plugins: [kvFrom(environment)({ prefix: "COLOR_" })] });
    const seen = async () => {
      await bucket.build();
      const { kv, close } = await bucket.open();
      const value = kv.find("maand/job/api", "env/env");
      close();
      return value;
    };
    try {
      bucket.workers("10.0.0.1");
      bucket.job("api", { selectors: ["worker"], env_keys: ["env"] });
      expect(await seen()).toBe("green");
      environment.COLOR_ENV = "red";
      expect(await seen()).toBe("red");
      bucket.job("api", { selectors: ["worker"] });
      expect(await seen()).toBeUndefined();
    } finally {
      bucket.dispose();
    }
  });

  it("reports a key that is not a list of names, with its file", async () => {
    const bucket = aBucket({ plugins: [kvFrom({})()] });
    bucket.workers("10.0.0.1");
    bucket.job("api", { selectors: ["worker"], env_keys: ["Color"] });
    await expect(bucket.build().finally(bucket.dispose)).rejects.toMatchObject({
      problems: [
        {
          where: expect.stringContaining("workspace/jobs/api/manifest.json: env_keys[0]"),
          message: "must be lower-case letters, digits and _",
        },
      ],
    });
  });

  it("reports invalid options by key", () => {
    const wrong = { where: "kv-from-env.prefix", message: "must be capitals, digits and _" };
    expect(() => kvFromEnv({ prefix: "my app" })).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining(wrong)] }),
    );
  });
});
