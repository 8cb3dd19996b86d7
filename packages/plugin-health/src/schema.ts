import { createRequire } from "node:module";
import * as v from "valibot";

/** What a manifest may say under `health_check` (build.md 5.5), as far as its shape goes; `validate` looks closer. */
const record = v.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "must be an object",
);

const text = (description: string) => v.pipe(v.string("must be text in quotes"), v.description(description));
const number = (description: string) => v.pipe(v.number("must be a number"), v.description(description));

const CHECK = {
  type: text("tcp, http or ssh"),
  port: v.optional(text("tcp, http: name of a port under resources.ports")),
  command: v.optional(text("ssh: run on the worker, healthy if it exits with 0")),
  path: v.optional(text("http: begins with /; default /")),
  expect_status: v.optional(number("http: default 200")),
  scheme: v.optional(text("http: http (default) or https")),
};

const WAIT = {
  attempts: v.optional(number("default 30")),
  interval_seconds: v.optional(number("pause between attempts; default 1")),
};

const HEALTH = {
  checks: v.optional(
    v.pipe(
      v.array(v.pipe(record, v.looseObject(CHECK)), "must be a list of checks"),
      v.description("all of them must pass on every active allocation"),
    ),
  ),
  timeout_seconds: v.optional(number("time limit of one check; default 5")),
  wait: v.optional(v.pipe(record, v.looseObject(WAIT), v.description("how long a deploy waits for a healthy job"))),
};

export const HEALTH_DESCRIPTION = "How to tell whether the job is healthy.";

export const HealthSchema = v.pipe(record, v.looseObject(HEALTH), v.description(HEALTH_DESCRIPTION));

/** `health_check` as it is written. */
export type WrittenHealth = v.InferOutput<typeof HealthSchema>;

/** Keys known in each part, for "did you mean". */
export const KNOWN_KEYS = {
  health: Object.keys(HEALTH),
  check: Object.keys(CHECK),
  wait: Object.keys(WAIT),
} as const;

/** The same as JSON Schema; its converter is loaded only when somebody asks. */
export function healthJsonSchema(): Record<string, unknown> {
  const load: (name: string) => typeof import("@valibot/to-json-schema") = createRequire(import.meta.url);
  const { $schema: _, ...schema } = load("@valibot/to-json-schema").toJsonSchema(HealthSchema, { errorMode: "ignore" });
  return schema;
}
