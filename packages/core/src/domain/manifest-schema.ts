import * as v from "valibot";
import { isGlob } from "./glob.ts";
import { isName, nameRule } from "./names.ts";
import { parseCpu, parseMemory } from "./units.ts";
import { parseVersion } from "./version.ts";

const memory = v.pipe(
  v.string(),
  v.check(
    (text) => parseMemory(text) !== undefined,
    (issue) => `"${issue.input}" is not an amount of memory; write it as "256 mb", "1.5 gb" or "1 tb"`,
  ),
);

const cpu = v.pipe(
  v.string(),
  v.check(
    (text) => parseCpu(text) !== undefined,
    (issue) => `"${issue.input}" is not an amount of cpu; write it as "500 mhz" or "2 ghz"`,
  ),
);

const batchSize = v.union([
  v.pipe(v.number(), v.integer("must be a whole number")),
  v.pipe(
    v.string(),
    v.regex(
      /^(?:[1-9]\d?|100)%$/,
      (issue) => `"${issue.input}" is not a batch size; write a whole number or a share such as "25%"`,
    ),
  ),
]);

const port = v.union([
  v.pipe(
    v.number(),
    v.integer("a port is a whole number"),
    v.minValue(1, "a port is between 1 and 65535"),
    v.maxValue(65535, "a port is between 1 and 65535"),
  ),
  v.strictObject({}),
]);

const command = v.looseObject({
  executed_on: v.pipe(v.array(v.string()), v.minLength(1, "names at least one event")),
  demands: v.optional(
    v.looseObject({
      job: v.optional(v.string()),
      command: v.optional(v.string()),
      config: v.optional(v.record(v.string(), v.unknown())),
    }),
  ),
});

/** Describes a property for the schema editors use. */
function told<S extends v.GenericSchema>(schema: S, description: string) {
  return v.optional(v.pipe(schema, v.description(description)));
}

/**
 * `manifest.json` as a person may write it (build.md 5.2). Keys that plugins own are checked by them; the rest of the
 * unknown ones are warnings. The JSON Schema that editors use is made from this same definition.
 */
export const ManifestSchema = v.looseObject({
  $schema: told(v.string(), "Where an editor finds this schema."),
  version: told(
    v.pipe(
      v.string(),
      v.check(
        (text) => parseVersion(text.trim()) !== undefined,
        (issue) => `"${issue.input}" is not a version; write it as 1.2.3 or 1.2.3-rc.1`,
      ),
    ),
    "Version of the job. A change of it is rolled out even when no file changed.",
  ),
  selectors: told(v.array(v.string()), "Labels a worker must all have to get this job; default: the job's name."),
  max_concurrent_upgrades: told(batchSize, "How many allocations are restarted or reloaded at once; default 1."),
  max_concurrent_starts: told(batchSize, "How many new allocations are started at once; default 0, all."),
  min_allocations_count: told(
    v.pipe(v.number(), v.integer("must be a whole number"), v.minValue(0, "must not be negative")),
    "Build refuses fewer allocations than this.",
  ),
  restart_policy: told(
    v.picklist(["always", "reload", "never"]),
    "What an upgrade runs: make restart, make reload, or nothing.",
  ),
  restart_globs: told(
    v.array(
      v.pipe(
        v.string(),
        v.check(isGlob, (issue) => `"${issue.input}" is not a pattern`),
      ),
    ),
    "With restart_policy reload: a changed file that matches makes it a restart.",
  ),
  timeout_seconds: told(
    v.pipe(v.number(), v.minValue(1, "must be at least 1")),
    "Seconds a lifecycle command may take.",
  ),
  resources: told(
    v.looseObject({
      memory: v.optional(v.looseObject({ min: v.optional(memory), max: v.optional(memory) })),
      cpu: v.optional(v.looseObject({ min: v.optional(cpu), max: v.optional(cpu) })),
      ports: v.optional(
        v.record(
          v.pipe(
            v.string(),
            v.check(
              (name) => isName("port", name),
              (issue) => `"${issue.input}" is not a port name; use ${nameRule("port")}`,
            ),
          ),
          port,
        ),
      ),
    }),
    "What the job needs of a worker: memory, cpu, ports.",
  ),
  commands: told(
    v.record(v.string(), command),
    "Scripts of the job that run on this machine at moments of build and deploy.",
  ),
});

/** What a person may write in a manifest. */
export type WrittenManifest = v.InferOutput<typeof ManifestSchema>;

/** Keys of a manifest that core itself reads. */
export const MANIFEST_KEYS: readonly string[] = Object.keys(ManifestSchema.entries);

/** Older names of keys, still taken, with a warning (decision 21, B16). */
export const MANIFEST_ALIASES: Readonly<Record<string, "max_concurrent_upgrades" | "max_concurrent_starts">> = {
  update_parallel_count: "max_concurrent_upgrades",
  deploy_parallel_count: "max_concurrent_starts",
};
