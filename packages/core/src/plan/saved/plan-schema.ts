import * as v from "valibot";

/** The number of the format that this maand writes. A newer one is refused. */
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

/** What is done to one allocation. An unchanged one has its worker, the action and the fingerprint of its tree only. */
const AllocationSchema = v.object({
  worker_ip: text,
  action: v.picklist(["start", "restart", "reload", "sync", "skip", "stop", "promote", "stop+promote"]),
  /** Keyed fingerprint of the target tree: what a deploy compares. */
  tree: text,
  /** Files that each build makes anew, such as certificates. `tree` covers their paths alone. */
  made_by_build: v.optional(names),
  reasons: v.optional(names),
  matched: v.optional(names),
  current_version: v.optional(text),
  new_version: v.optional(text),
  /** SHA-256 of the promoted and of the target tree; null if a file in it has a secret, or nothing is promoted. */
  previous_hash: v.optional(maybe(text)),
  current_hash: v.optional(maybe(text)),
  files: v.optional(v.array(FileSchema)),
});

const JobSchema = v.object({
  job: text,
  required: v.boolean(),
  pre_deploy: v.picklist(["none", "may change this", "was run"]),
  blocked_by: maybe(text),
  after_pending: v.boolean(),
  health_pending: v.boolean(),
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

/** What a plan rests on. Values that may be secret are keyed fingerprints. */
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
  /** Recorded state by job and worker. */
  allocations: recordOf(recordOf(text)),
  /** Workers whose last delivery is in doubt: every deploy sends them `worker.json` again. */
  in_doubt: names,
  /** Values by namespace and key; null for a key that was looked up and not there. */
  kv: recordOf(recordOf(maybe(text))),
  /** Lists of the keys of a namespace. */
  kv_keys: recordOf(text),
});

/** Everything in the file of a plan besides its own digest. */
export const PlanBodySchema = v.object({
  bucket: text,
  /** The git commit of the workspace, if it was planned from there. */
  commit: maybe(text),
  /** Made from the workspace, without a build. */
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

/** A plan as it is in a file. Keys are as in the file. */
export type SavedPlan = v.InferOutput<typeof PlanSchema>;
/** The same without format and digest. */
export type PlanBody = v.InferOutput<typeof PlanBodySchema>;
export type SavedJob = v.InferOutput<typeof JobSchema>;
export type SavedAllocation = v.InferOutput<typeof AllocationSchema>;
/** What a plan rests on. */
export type Basis = v.InferOutput<typeof BasisSchema>;
