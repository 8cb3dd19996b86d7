import * as v from "valibot";

/** The format version that this version of maand writes. A newer format version is refused. */
export const PLAN_FORMAT = 1;

const names = v.array(v.string());
const text = v.string();
const maybe = <S extends v.GenericSchema>(schema: S) => v.nullable(schema);
const recordOf = <S extends v.GenericSchema>(schema: S) => v.record(v.string(), schema);

const FileSchema = v.object({
  path: text,
  change: v.picklist(["added", "modified", "deleted"]),
  access: v.optional(text),
  diff: text,
});

/** The change to one allocation. Unchanged allocations are only counted. */
const AllocationSchema = v.object({
  worker_ip: text,
  action: v.picklist(["start", "restart", "reload", "sync", "stop", "promote", "stop+promote"]),
  /** HMAC of the target tree. A deploy compares it with the tree that it is about to sync. */
  tree: text,
  /**
   * Paths of the files that every build creates again, such as certificates. For these files, `tree` covers only path
   * and mode.
   */
  made_by_build: v.optional(names),
  reasons: names,
  matched: names,
  current_version: text,
  new_version: text,
  /** SHA-256 of the promoted tree; null if nothing is promoted yet, or if the tree contains a secret. */
  previous_hash: maybe(text),
  /** SHA-256 of the target tree; null if the tree contains a secret or a file in `made_by_build`. */
  current_hash: maybe(text),
  files: v.array(FileSchema),
});

/**
 * The part of a staged rollout that this plan carries out. `steps` lists the steps up to the first pause; their numbers
 * start at 1. `waiting` lists the workers whose allocations wait for later steps.
 */
const StepsSchema = v.object({
  state: v.picklist(["paused", "waiting", "under_way"]),
  steps: v.array(v.object({ step: v.number(), of: v.number(), size: text, workers: names })),
  waiting: names,
});

const JobSchema = v.object({
  job: text,
  required: v.boolean(),
  /**
   * The `pre_deploy` commands of the job. `none`: the job has no such commands; `may change this`: they were not run, and
   * could change this plan; `was run`: the plan includes their effect.
   */
  pre_deploy: v.picklist(["none", "may change this", "was run"]),
  blocked_by: maybe(text),
  after_pending: v.boolean(),
  health_pending: v.boolean(),
  rollout: maybe(StepsSchema),
  /** The number of unchanged allocations, which have no rows. */
  unchanged: v.number(),
  allocations: v.array(AllocationSchema),
});

const StopSchema = v.object({
  job: text,
  worker_ip: text,
  stop: v.boolean(),
  notify: v.boolean(),
  remove: v.boolean(),
  reason: text,
});

/** What a plan depends on. Values that may be secret are stored as HMACs. */
const BasisSchema = v.object({
  /** The number of the last deploy run; for messages only. */
  last_run: v.number(),
  /** The sync counter of the bucket. It is not compared, but shows which allocations were promoted later. */
  update_seq: v.number(),
  maand: text,
  plugins: recordOf(text),
  settings: recordOf(text),
  jobs: recordOf(
    v.object({
      version: text,
      release: maybe(v.number()),
      files: text,
      manifest: text,
      held: maybe(v.number()),
      after_pending: v.boolean(),
    }),
  ),
  workers: recordOf(v.object({ entry: text, root: maybe(text) })),
  /**
   * The recorded state of each job: the number of its allocations, one fingerprint of all of them, and, by worker, the
   * fingerprints of the allocations that change.
   */
  allocations: recordOf(v.object({ count: v.number(), all: text, changing: recordOf(text) })),
  /** Positions of incomplete staged rollouts, by job. */
  rollouts: recordOf(
    v.object({ release: v.number(), previous: maybe(v.number()), step: v.number(), until: maybe(text) }),
  ),
  /** Workers whose last sync has an unknown result. Every deploy writes `worker.json` to them again. */
  in_doubt: names,
  /** HMACs of the KV values that were read, by namespace and key; null for a key that did not exist. */
  kv: recordOf(recordOf(maybe(text))),
  /** HMACs of the lists of keys that were read, by namespace. */
  kv_keys: recordOf(text),
});

/** Everything in a plan's file except the format version and the digest. */
export const PlanBodySchema = v.object({
  bucket: text,
  /** The git commit of the workspace; null if the plan was made from a build, or if the workspace is not in git. */
  commit: maybe(text),
  /** Whether the plan was made from the workspace, without a build. */
  from_workspace: v.boolean(),
  options: v.object({
    jobs: names,
    force: v.boolean(),
    sync_only: v.boolean(),
    revert: maybe(v.boolean()),
    with_hooks: v.boolean(),
  }),
  required: v.boolean(),
  notes: names,
  waves: v.array(v.object({ deployment_seq: v.number(), jobs: v.array(JobSchema) })),
  stopping: v.array(StopSchema),
  undecided: v.array(v.object({ job: text, message: text })),
  failures: v.array(v.object({ job: text, code: text, message: text, hint: maybe(text) })),
  held: v.array(v.object({ job: text, text: text })),
  rests_on: BasisSchema,
});

export const PlanSchema = v.object({ maand_plan: v.literal(PLAN_FORMAT), digest: text, ...PlanBodySchema.entries });

/** A plan, with the keys of its file. */
export type SavedPlan = v.InferOutput<typeof PlanSchema>;
/** The same, without format version and digest. */
export type PlanBody = v.InferOutput<typeof PlanBodySchema>;
export type SavedJob = v.InferOutput<typeof JobSchema>;
export type SavedSteps = v.InferOutput<typeof StepsSchema>;
export type SavedAllocation = v.InferOutput<typeof AllocationSchema>;
/** What a plan depends on. */
export type Basis = v.InferOutput<typeof BasisSchema>;
