import { type JsonSchema, jsonSchemaOf } from "@maand/core";
import * as v from "valibot";

const label = v.union([v.string(), v.number(), v.boolean()], "must be a string");

/** One entry of `static_configs`. */
const StaticConfigSchema = v.looseObject(
  {
    targets: v.pipe(
      v.array(v.pipe(v.string("must be a string"), v.nonEmpty("must not be empty")), "must be a list of targets"),
      v.minLength(1, "must name at least one target"),
      v.description("host:port, maand:port/<name>, maand:port/<name>/<host>, or maand:port/_implicit"),
    ),
    labels: v.optional(
      v.pipe(
        v.record(v.string(), label, "must be labels and their values"),
        v.description("Labels of all these targets; maand:job is replaced by the job's name."),
      ),
    ),
  },
  "must be a map with targets",
);

/** The parts of a scrape configuration that maand checks. */
const ScrapeBlockSchema = v.looseObject(
  {
    job_name: v.pipe(
      v.string("must be a string: the name of the job in Prometheus"),
      v.regex(/\S/, "must not be blank"),
      v.description("Unique in the bucket; maand:job is replaced by the job's name."),
    ),
    static_configs: v.pipe(
      v.array(StaticConfigSchema, "must be a list of maps with targets"),
      v.minLength(1, "must have at least one entry with targets"),
      v.description("The targets to scrape; other kinds of service discovery are refused."),
    ),
  },
  "must be a map: one scrape configuration",
);

/** A `scrape.yaml`. */
export const ScrapeSchema = v.pipe(
  v.array(ScrapeBlockSchema, "must be a list of scrape configurations"),
  v.minLength(1, "must have at least one scrape configuration"),
  v.title("scrape.yaml"),
  v.description("The scrape configurations of a job, in _prometheus/scrape.yaml."),
);

export type ScrapeBlocks = v.InferOutput<typeof ScrapeSchema>;

/** The schema for editors, which also accepts the other keys of Prometheus. */
export function scrapeJsonSchema(): JsonSchema {
  return openedUp(jsonSchemaOf(ScrapeSchema));
}

/** The schema with maps that also accept keys that maand does not check. */
export function openedUp(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === "additionalProperties" && value === false ? true : value,
  );
}
