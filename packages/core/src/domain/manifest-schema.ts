import * as v from "valibot";
import { isGlob } from "./glob.ts";
import { isName, nameRule } from "./names.ts";
import { parseCpu, parseMemory } from "./units.ts";
import { parseVersion } from "./version.ts";
import { onlyObject, said, shown } from "./written.ts";

const memory = v.pipe(
  v.string(),
  v.check(
    (text) => parseMemory(text) !== undefined,
    ({ input }) => said(`${shown(input)} is not an amount of memory`, 'write it as "256 mb", "1.5 gb" or "1 tb"'),
  ),
);

const cpu = v.pipe(
  v.string(),
  v.check(
    (text) => parseCpu(text) !== undefined,
    ({ input }) => said(`${shown(input)} is not an amount of cpu`, 'write it as "500 mhz" or "2 ghz"'),
  ),
);

const BATCH_HINT = 'write 2 for two at a time, or "25%" for a quarter of them';

const batchSize = v.union(
  [
    v.pipe(v.number(), v.integer()),
    v.pipe(
      v.string(),
      v.regex(/^(?:[1-9]\d?|100)%$/, ({ input }) => said(`${shown(input)} is not a batch size`, BATCH_HINT)),
    ),
  ],
  ({ input }) => said(`must be a whole number or a share, and is ${shown(input)}`, BATCH_HINT),
);

const PORT_HINT = "write a number from 1 to 65535, or {} to have one assigned";
const notPort = ({ input }: v.BaseIssue<unknown>) =>
  said(`must be a port number or {}, and is ${shown(input)}`, PORT_HINT);

const port = v.union(
  [
    v.pipe(v.number(), v.integer(notPort), v.minValue(1, notPort), v.maxValue(65535, notPort)),
    onlyObject(v.strictObject({})),
  ],
  notPort,
);

const EVENTS_HINT = 'name the events it runs at, such as ["post_deploy"]';

const command = v.looseObject(
  {
    executed_on: v.pipe(
      v.array(v.string()),
      v.minLength(1, said("must name at least one event", EVENTS_HINT)),
      v.description("Moments of build and deploy at which it runs."),
    ),
    demands: v.optional(
      onlyObject(
        v.looseObject({
          job: v.optional(v.string()),
          command: v.optional(v.string()),
          config: v.optional(onlyObject(v.record(v.string(), v.unknown()))),
        }),
        'write { "job": "...", "command": "command_..." }',
      ),
    ),
    runtime: v.optional(v.pipe(v.string(), v.description("What runs it, where that is not the default."))),
  },
  said("is missing", EVENTS_HINT),
);

const portName = v.pipe(
  v.string(),
  v.check(
    (name) => isName("port", name),
    ({ input }) => said(`${shown(input)} is not a port name`, `use ${nameRule("port")}`),
  ),
);

const GLOB_HINT = 'write it as "conf/*.yml" or "certs/**"; a [ needs its ], and something stands behind a \\';

/** Describes a property for the schema editors use. */
function told<S extends v.GenericSchema>(schema: S, description: string) {
  return v.optional(v.pipe(schema, v.description(description)));
}

/**
 * `manifest.json` as a person may write it (build.md 5.2). Keys that plugins own are checked by them; the rest of the
 * unknown ones are warnings. The JSON Schema that editors use is made from this same definition.
 */
export const ManifestSchema = onlyObject(
  v.looseObject({
    $schema: told(v.string(), "Where an editor finds this schema."),
    version: told(
      v.pipe(
        v.string(),
        v.check(
          (text) => parseVersion(text.trim()) !== undefined,
          ({ input }) => said(`${shown(input)} is not a version`, 'write it as "1.2.3" or "1.2.3-rc.1"'),
        ),
      ),
      "Version of the job. A change of it is rolled out even when no file changed.",
    ),
    selectors: told(v.array(v.string()), "Labels a worker must all have to get this job; default: the job's name."),
    max_concurrent_upgrades: told(batchSize, "How many allocations are restarted or reloaded at once; default 1."),
    max_concurrent_starts: told(batchSize, "How many new allocations are started at once; default 0, all."),
    min_allocations_count: told(
      v.pipe(v.number(), v.integer(), v.minValue(0)),
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
          v.check(isGlob, ({ input }) => said(`${shown(input)} is not a pattern`, GLOB_HINT)),
        ),
      ),
      "With restart_policy reload: a changed file that matches makes it a restart.",
    ),
    timeout_seconds: told(v.pipe(v.number(), v.minValue(1)), "Seconds a lifecycle command may take."),
    resources: told(
      onlyObject(
        v.looseObject({
          memory: v.optional(
            onlyObject(
              v.looseObject({ min: v.optional(memory), max: v.optional(memory) }),
              'write { "min": "256 mb", "max": "512 mb" }',
            ),
          ),
          cpu: v.optional(
            onlyObject(
              v.looseObject({ min: v.optional(cpu), max: v.optional(cpu) }),
              'write { "min": "200 mhz", "max": "500 mhz" }',
            ),
          ),
          ports: v.optional(onlyObject(v.record(portName, port), 'write { "http": {} }')),
        }),
      ),
      "What the job needs of a worker: memory, cpu, ports.",
    ),
    commands: told(
      onlyObject(
        v.record(v.string(), onlyObject(command, 'write { "executed_on": ["post_deploy"] }')),
        'write { "command_...": { "executed_on": ["post_deploy"] } }',
      ),
      "Scripts of the job that run on this machine at moments of build and deploy.",
    ),
  }),
  "write {} at least",
);

/** What a person may write in a manifest. */
export type WrittenManifest = v.InferOutput<typeof ManifestSchema>;

/** Keys of a manifest that core itself reads. */
export const MANIFEST_KEYS: readonly string[] = Object.keys(ManifestSchema.entries);

/** Keys of a command that core or a stock plugin reads. */
export const COMMAND_KEYS: readonly string[] = Object.keys(command.entries);

/** Older names of keys, still taken, with a warning (decision 21, B16). */
export const MANIFEST_ALIASES: Readonly<Record<string, "max_concurrent_upgrades" | "max_concurrent_starts">> = {
  update_parallel_count: "max_concurrent_upgrades",
  deploy_parallel_count: "max_concurrent_starts",
};
