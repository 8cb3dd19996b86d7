import { defineClaim, error, type Job, pluginWithOptions } from "@maand/core";
import * as v from "valibot";

const options = v.object({
  /** The prefix of the variable names. */
  prefix: v.optional(
    v.pipe(v.string("must be text"), v.regex(/^[A-Z][A-Z0-9_]*$/, "must be capitals, digits and _")),
    "MAAND_KV_",
  ),
});

const ENV_KEYS = defineClaim("env_keys", {
  description: "Keys under env/ that a build reads from the environment.",
  schema: v.array(v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]*$/, "must be lower-case letters, digits and _"))),
});

/**
 * Creates the KV entry `env/color` with the value of `MAAND_KV_COLOR` for a job whose manifest has `"env_keys":
 * ["color"]`.
 */
export const kvFromEnv = kvFrom(process.env);

/** Like `kvFromEnv`, with another environment, for tests. */
export function kvFrom(environment: NodeJS.ProcessEnv) {
  return pluginWithOptions({
    name: "kv-from-env",
    options,
    claims: { env_keys: ENV_KEYS },
    apply({ validate, contribute }, { prefix }) {
      const variableOf = (name: string) => `${prefix}${name.toUpperCase()}`;
      validate.tap("kv-from-env", ({ jobs, report }) => {
        for (const job of jobs)
          for (const name of ENV_KEYS.of(job) ?? [])
            if (environment[variableOf(name)] === undefined) report(missing(job, variableOf(name)));
      });
      contribute.tap("kv-from-env", ({ job, kv }) => {
        const entries = (ENV_KEYS.of(job) ?? []).map((name) => [`env/${name}`, environment[variableOf(name)] ?? ""]);
        kv.sync(`maand/job/${job.name}`, "env/", Object.fromEntries(entries));
      });
    },
  });
}

function missing(job: Job, variable: string) {
  return error(
    "missing_variable",
    `workspace/jobs/${job.name}/manifest.json: env_keys`,
    `environment variable ${variable} is not set`,
    `set it before the build: ${variable}=... maand build`,
  );
}

export default kvFromEnv;
