import * as v from "valibot";

/** The number of the format that this version of maand writes. A newer format is refused. */
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
  /** Keyed fingerprint of the target tree: what a deploy compares. */
  tree: text,
  /** Files that each build creates again, such as certificates. `tree` covers only the paths of these files. */
  made_by_build: v.optional(names),
  reasons: names,
  matched: names,
  current_version: text,
  new_version: text,
  /** SHA-256 of the promoted and of the target tree; null if a file in it has a secret, or nothing is promoted. */
  previous_hash: maybe(text),
  current_hash: maybe(text),
  files: v.array(FileSchema),
});

/**
 * The part of a staged rollout in the plan: the steps up to the first pause, counted from 1, and the allocations that
 * wait for later steps.
 */
const StepsSchema = v.object({
  state: v.picklist(["paused", "waiting", "under_way"]),
  steps: v.array(v.object({ step: v.number(), of: v.number(), size: text, workers: names })),
  waiting: names,
});

const JobSchema = v.object({
  job: text,
  required: v.boolean(),
  pre_deploy: v.picklist(["none", "may change this", "was run"]),
  blocked_by: maybe(text),
  after_pending: v.boolean(),
  health_pending: v.boolean(),
  rollout: maybe(StepsSchema),
  /** The number of unchanged allocations; they have no rows. */
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

/** What a plan depends on. Values that may be secret are keyed fingerprints. */
const BasisSchema = v.object({
  /** The number of the last run that took the lock to deploy, and the delivery count; for messages only. */
  last_run: v.number(),
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
   * Recorded state by job: the number of its allocations, one fingerprint of all of them, and the fingerprints of
   * allocations that change, by worker.
   */
  allocations: recordOf(v.object({ count: v.number(), all: text, changing: recordOf(text) })),
  /** Positions of staged rollouts that are not complete, by job. */
  rollouts: recordOf(
    v.object({ release: v.number(), previous: maybe(v.number()), step: v.number(), until: maybe(text) }),
  ),
  /** Workers whose last delivery is in doubt: every deploy sends them `worker.json` again. */
  in_doubt: names,
  /** Values by namespace and key; null for a key that was looked up but missing. */
  kv: recordOf(recordOf(maybe(text))),
  /** Lists of the keys of a namespace. */
  kv_keys: recordOf(text),
});

/** Everything in the file of a plan except its digest. */
export const PlanBodySchema = v.object({
  bucket: text,
  /** The git commit of the workspace, if it was planned from there. */
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

/** A plan with the keys of its file. */
export type SavedPlan = v.InferOutput<typeof PlanSchema>;
/** The same without format and digest. */
export type PlanBody = v.InferOutput<typeof PlanBodySchema>;
export type SavedJob = v.InferOutput<typeof JobSchema>;
export type SavedSteps = v.InferOutput<typeof StepsSchema>;
export type SavedAllocation = v.InferOutput<typeof AllocationSchema>;
/** What a plan depends on. */
export type Basis = v.InferOutput<typeof BasisSchema>;
