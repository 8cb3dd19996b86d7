import { defineClaim } from "@maand/core";
import * as v from "valibot";

/** The schema of `health_check` in a manifest; `validate` checks more. */
const record = v.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "must be an object",
);

const text = (description: string) => v.pipe(v.string("must be text in quotes"), v.description(description));
const number = (description: string) => v.pipe(v.number(), v.description(description));

/** The types of checks. */
export const CHECK_TYPES = ["tcp", "http", "ssh"] as const;

/** Schemes of an http check. */
export const SCHEMES = ["http", "https"] as const;

/** For editors only; `validate` has its own messages. */
const NEEDS = {
  tcp: ["port"],
  http: ["port"],
  ssh: ["command"],
} as const satisfies Record<(typeof CHECK_TYPES)[number], readonly string[]>;

const CHECK = {
  type: v.pipe(text("tcp, http or ssh"), v.metadata({ enum: CHECK_TYPES })),
  port: v.optional(text("tcp, http: name of a port under resources.ports")),
  command: v.optional(text("ssh: run on the worker, healthy if it exits with 0")),
  path: v.optional(v.pipe(text("http: begins with /; default /"), v.metadata({ pattern: "^/", default: "/" }))),
  expect_status: v.optional(v.pipe(number("http: default 200"), v.metadata({ default: 200 }))),
  scheme: v.optional(v.pipe(text("http: http (default) or https"), v.metadata({ enum: SCHEMES, default: "http" }))),
};

const WAIT = {
  attempts: v.optional(v.pipe(number("default 30"), v.metadata({ default: 30 }))),
  interval_seconds: v.optional(v.pipe(number("pause between attempts; default 1"), v.metadata({ default: 1 }))),
};

const HEALTH = {
  checks: v.optional(
    v.pipe(
      v.array(
        v.pipe(
          record,
          v.looseObject(CHECK),
          v.metadata({
            oneOf: CHECK_TYPES.map((type) => ({ properties: { type: { const: type } }, required: NEEDS[type] })),
          }),
        ),
        "must be a list of checks",
      ),
      v.description("all of them must pass on every active allocation"),
      v.examples([[{ type: "http", port: "http", path: "/ready" }]]),
    ),
  ),
  timeout_seconds: v.optional(v.pipe(number("timeout of one check; default 5"), v.metadata({ default: 5 }))),
  wait: v.optional(v.pipe(record, v.looseObject(WAIT), v.description("how long a deploy waits for a healthy job"))),
};

const DESCRIPTION = "The health checks of the job.";

/** `health_check` of a manifest. */
export const HEALTH_CHECK = defineClaim("health_check", {
  description: DESCRIPTION,
  schema: v.pipe(record, v.looseObject(HEALTH), v.description(DESCRIPTION)),
});

/** `health_check` as written. */
export type WrittenHealth = v.InferOutput<typeof HEALTH_CHECK.schema>;

/** The known keys of each part, for suggestions. */
export const KNOWN_KEYS = {
  health: Object.keys(HEALTH),
  check: Object.keys(CHECK),
  wait: Object.keys(WAIT),
} as const;
