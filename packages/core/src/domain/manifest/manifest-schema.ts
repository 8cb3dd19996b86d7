import * as v from "valibot";
import { described, looksLike } from "../checks/schema-notes.ts";
import { onlyObject, shown, withHint } from "../checks/validate.ts";
import { GLOB_PATTERN, isGlob } from "../deploy/glob.ts";
import { isKeepPattern, KEEP_PATTERN } from "../deploy/keep.ts";
import { NO_VERSION, parseVersion, VERSION_PATTERN } from "../deploy/version.ts";
import { namePattern, nameRule, WRITTEN_LABEL } from "../workspace/names.ts";
import { MAX_UNAVAILABLE, NEVER_WITH } from "./budget-schema.ts";
import { CommandSchema } from "./command-schema.ts";
import { FileRuleSchema } from "./file-rules.ts";
import { ResourcesSchema } from "./resources-schema.ts";
import { RolloutSchema } from "./rollout-schema.ts";

/** The defaults of a manifest. */
export const MANIFEST_DEFAULTS = {
  version: NO_VERSION,
  max_concurrent_upgrades: 1,
  max_concurrent_starts: 0,
  min_allocations_count: 0,
  on_failure: "stop",
  revert_scope: "job",
  restart_policy: "always",
} as const;

const BATCH_HINT = 'write 2 for two at a time, or "25%" for a quarter of them';

/**
 * The largest accepted number. It exceeds the number of allocations of any bucket, so a larger number must be a typo.
 */
const MOST = 100_000;

const BATCH_RANGE = ({ input }: { readonly input: number }) =>
  withHint(`must be between 0 and ${MOST}, but is ${shown(input)}`, BATCH_HINT);

const batchSize = v.union(
  [
    v.pipe(v.number(), v.integer(), v.minValue(0, BATCH_RANGE), v.maxValue(MOST, BATCH_RANGE)),
    v.pipe(
      v.string(),
      v.regex(/^(?:[1-9]\d?|100)%$/, ({ input }) => withHint(`${shown(input)} is not a batch size`, BATCH_HINT)),
      v.metadata({ patternErrorMessage: BATCH_HINT }),
    ),
  ],
  ({ input }) => withHint(`must be a whole number or a percentage, but is ${shown(input)}`, BATCH_HINT),
);

const TOO_LONG = (input: number) =>
  withHint(`must be at most 86400, but is ${shown(input)}`, "the maximum is one day; write 3600 for an hour");

const VERSION_HINT = 'write it as "1.2.3" or "1.2.3-rc.1"';
const GLOB_HINT = 'write it as "conf/*.yml" or "certs/**"; a [ needs a closing ], and a \\ needs a following character';

const KEEP_HINT = 'write a name such as "*.pid", or a path relative to the job\'s directory such as "run/"';

const FILES_HINT = 'write { "app.conf": { "mode": "0640", "group": "app" } }';

const isPattern = v.check(isGlob, ({ input }: v.CheckIssue<string>) =>
  withHint(`${shown(input)} is not a pattern`, GLOB_HINT),
);

const ENTRIES = {
  $schema: described(v.string(), "The URL of this schema, for editors; maand ignores it."),
  version: described(
    v.pipe(
      v.string(),
      v.check(
        (text) => parseVersion(text.trim()) !== undefined,
        ({ input }) => withHint(`${shown(input)} is not a version`, VERSION_HINT),
      ),
      looksLike(VERSION_PATTERN, VERSION_HINT),
    ),
    "Version of the job. A changed version is rolled out even if no file changed.",
    { default: MANIFEST_DEFAULTS.version, examples: ["1.0.0"] },
  ),
  selectors: described(
    v.array(v.pipe(v.string(), looksLike(WRITTEN_LABEL, `use ${nameRule("label")}`))),
    "Labels that select the workers of the job; a worker must have all of them. Default: the job's name.",
    { examples: [["worker"]] },
  ),
  max_concurrent_upgrades: described(
    batchSize,
    "Number of allocations that are restarted or reloaded in parallel; default 1.",
    {
      default: MANIFEST_DEFAULTS.max_concurrent_upgrades,
      examples: [2, "25%"],
    },
  ),
  max_concurrent_starts: described(
    batchSize,
    "Number of new allocations that are started in parallel; default 0, which means all.",
    {
      default: MANIFEST_DEFAULTS.max_concurrent_starts,
      examples: [2, "25%"],
    },
  ),
  min_allocations_count: described(
    v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MOST)),
    "Minimum number of allocations; a build refuses a job that has fewer.",
    { default: MANIFEST_DEFAULTS.min_allocations_count },
  ),
  max_unavailable: MAX_UNAVAILABLE,
  never_with: NEVER_WITH,
  on_failure: described(
    v.picklist(["stop", "revert"]),
    "What happens after a failed rollout: stop leaves the remaining allocations unchanged, revert goes back to the previous release; default stop.",
    { default: MANIFEST_DEFAULTS.on_failure },
  ),
  revert_scope: described(
    v.picklist(["batch", "job"]),
    "The scope of a revert with on_failure revert: everything that the rollout changed (job), or only the failed batch (batch); default job.",
    { default: MANIFEST_DEFAULTS.revert_scope },
  ),
  rollout: described(
    RolloutSchema,
    "Rolls out a new release in steps, with pauses for manual approval, timed waits and repeated health checks.",
  ),
  restart_policy: described(
    v.picklist(["always", "reload", "never"]),
    "What an upgrade runs: make restart, make reload, or nothing.",
    { default: MANIFEST_DEFAULTS.restart_policy },
  ),
  restart_globs: described(
    v.array(v.pipe(v.string(), isPattern, looksLike(GLOB_PATTERN, GLOB_HINT))),
    "With restart_policy reload: a changed file that matches causes a restart instead.",
    { examples: [["Makefile", "conf/**"]] },
  ),
  keep: described(
    v.array(
      v.pipe(
        v.string(),
        v.check(isKeepPattern, ({ input }) => withHint(`${shown(input)} cannot be kept`, KEEP_HINT)),
        looksLike(KEEP_PATTERN, KEEP_HINT),
      ),
    ),
    "Files that the job creates in its directory and that no deploy may delete; data, logs and bin are always kept.",
    { examples: [["*.pid", "run/"]] },
  ),
  files: described(
    onlyObject(v.record(v.pipe(v.string(), isPattern, looksLike(GLOB_PATTERN, GLOB_HINT)), FileRuleSchema), FILES_HINT),
    "Mode, owner and group of files on the worker, by pattern as in restart_globs; the last one that matches takes effect.",
    { examples: [{ "app.conf": { mode: "0640", owner: "app", group: "app" } }] },
  ),
  timeout_seconds: described(
    v.pipe(
      v.number(),
      v.minValue(1),
      v.maxValue(86_400, ({ input }) => TOO_LONG(input)),
    ),
    "Seconds that a lifecycle command may take; default: timeouts.command of the bucket.",
  ),
  resources: described(onlyObject(ResourcesSchema), "What the job needs from a worker: memory, cpu, ports."),
  commands: described(
    onlyObject(
      v.record(
        v.pipe(v.string(), looksLike(namePattern("command"), `use ${nameRule("command")}`)),
        onlyObject(CommandSchema, 'write { "executed_on": ["post_deploy"] }'),
      ),
      'write { "command_...": { "executed_on": ["post_deploy"] } }',
    ),
    "Commands of the job: scripts that run on this machine at given events of a build or deploy.",
  ),
};

/** restart_globs apply only with restart_policy reload; an empty list has no effect, and is always valid. */
const GLOBS_NEED_RELOAD = {
  restart_globs: {
    anyOf: [
      { properties: { restart_globs: { type: "array", maxItems: 0 } } },
      { required: ["restart_policy"], properties: { restart_policy: { const: "reload" } } },
    ],
  },
};

/**
 * The schema of `manifest.json`. Plugins check the keys that they own; any other unknown key causes a warning. The JSON
 * Schema for editors is generated from this definition.
 */
export const ManifestSchema = v.pipe(
  onlyObject(v.looseObject(ENTRIES), "write at least {}"),
  v.metadata({
    title: "manifest.json",
    description: "A job: its version, its placement and its rollout.",
    dependencies: GLOBS_NEED_RELOAD,
  }),
);

/** The user-written form of a manifest. */
export type WrittenManifest = v.InferOutput<typeof ManifestSchema>;

/** Manifest keys that core itself reads. */
export const MANIFEST_KEYS: readonly string[] = Object.keys(ENTRIES);

/** Deprecated key names, which still work, with a warning. */
export const MANIFEST_ALIASES: Readonly<Record<string, "max_concurrent_upgrades" | "max_concurrent_starts">> = {
  update_parallel_count: "max_concurrent_upgrades",
  deploy_parallel_count: "max_concurrent_starts",
};
