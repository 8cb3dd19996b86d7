import { type JsonSchema, jsonSchemaOf } from "@maand/core";
import * as v from "valibot";
import { openedUp } from "../scrape/schema.ts";

const DURATION = /^(0|(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?)$/;

const duration = v.pipe(
  v.union([v.pipe(v.string(), v.nonEmpty()), v.literal(0)], "must be a duration such as 5m"),
  v.check((value) => DURATION.test(String(value)), "must be a duration such as 5m, 1h30m or 2d"),
);

const filled = (what: string) => v.pipe(v.string(`must be ${what}`), v.regex(/\S/, "must not be blank"));

const text = v.union([v.string(), v.number(), v.boolean()], "must be a string");
const texts = v.record(v.string(), text, "must be a map of names to strings");

/** The parts of an alerting or recording rule that maand checks. */
const RuleSchema = v.pipe(
  v.looseObject(
    {
      alert: v.optional(v.pipe(filled("the name of an alert"), v.description("Unique in the bucket."))),
      record: v.optional(v.pipe(filled("the name of a series"), v.description("The series this rule records."))),
      expr: v.pipe(
        v.union([filled("a PromQL expression"), v.number()], "must be a PromQL expression"),
        v.description("The PromQL expression."),
      ),
      for: v.optional(duration),
      keep_firing_for: v.optional(duration),
      labels: v.optional(texts),
      annotations: v.optional(
        v.pipe(texts, v.description("runbook: the name of a file in _prometheus/runbooks, without .md.")),
      ),
    },
    "must be a map: an alerting or a recording rule",
  ),
  v.check(
    ({ alert, record }) => (alert === undefined) !== (record === undefined),
    "must have exactly one of alert and record",
  ),
);

const GroupSchema = v.looseObject(
  {
    name: v.pipe(filled("the name of the group"), v.description("Unique in the file.")),
    interval: v.optional(duration),
    query_offset: v.optional(duration),
    limit: v.optional(v.number("must be a number")),
    labels: v.optional(texts),
    rules: v.optional(v.nullable(v.array(RuleSchema, "must be a list of rules"))),
  },
  "must be a map with name and rules",
);

/** A rule file. */
export const RulesSchema = v.pipe(
  v.looseObject(
    {
      groups: v.pipe(v.array(GroupSchema, "must be a list of groups"), v.minLength(1, "must have at least one group")),
    },
    "must be a map with groups",
  ),
  v.title("rules"),
  v.description("Alerting and recording rules of a job, in _prometheus/alerts/*.yaml."),
);

const optionalPart = <Schema extends v.GenericSchema>(schema: Schema) => v.fallback(v.optional(schema), undefined);

const RulePartsSchema = v.looseObject({
  alert: optionalPart(v.string()),
  record: optionalPart(v.string()),
  annotations: optionalPart(v.record(v.string(), v.unknown())),
});

const GroupPartsSchema = v.looseObject({
  name: v.fallback(v.string(), ""),
  rules: optionalPart(v.nullable(v.array(v.fallback(RulePartsSchema, {})))),
});

const PartsSchema = v.looseObject({
  groups: v.fallback(v.array(v.fallback(GroupPartsSchema, { name: "" })), []),
});

/** The parts of a file of rules whose names are checked. */
export type RulesParts = v.InferOutput<typeof PartsSchema>;

/** The readable parts of a file with an invalid structure, so that its names are checked anyway. */
export function readableParts(value: unknown): RulesParts {
  const { success, output } = v.safeParse(PartsSchema, value);
  return success ? output : { groups: [] };
}

/** The keys that Prometheus supports. It refuses a file with any other key. */
export const KNOWN_KEYS = {
  file: Object.keys(RulesSchema.pipe[0].entries),
  group: Object.keys(GroupSchema.entries),
  rule: Object.keys(RuleSchema.pipe[0].entries),
} as const;

/** The schema for editors. */
export function rulesJsonSchema(): JsonSchema {
  return openedUp(jsonSchemaOf(RulesSchema));
}
