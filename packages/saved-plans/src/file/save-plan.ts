import type { TreeFile } from "@maand/core";
import type {
  Bucket,
  FileDiff,
  Plan,
  PlanDiffs,
  PlannedAction,
  PlannedAllocation,
  PlannedJob,
  PlanOptions,
} from "@maand/core/internal";
import type { Fingerprints } from "../basis/fingerprints.ts";
import type { Basis, PlanBody, SavedAllocation, SavedJob, SavedSteps } from "./plan-schema.ts";
import { treePrint } from "./tree-print.ts";

/** The input for the file of a plan. */
export interface PlanSource {
  readonly bucket: Pick<Bucket, "bucketId" | "store" | "mask">;
  readonly plan: Plan;
  readonly options: PlanOptions;
  readonly basis: Basis;
  readonly print: Fingerprints;
  /** The commit of the workspace. Present if the plan was made from the workspace, without a build. */
  readonly workspace?: { readonly commit: string | undefined };
  readonly notes: readonly string[];
  /** Files of an allocation, by its id, that each build creates again. */
  readonly madeByBuild: ReadonlyMap<string, readonly string[]>;
}

/**
 * Creates the content of a plan's file. It contains no time and no user, so two plans of the same state have the same
 * file.
 */
export function planBody(source: PlanSource): PlanBody {
  const { bucket, plan, options, basis, workspace, notes } = source;
  const masked = (text: string) => bucket.mask.text(text);
  const rows = new Rows(source);
  return {
    bucket: bucket.bucketId,
    commit: workspace?.commit ?? null,
    from_workspace: workspace !== undefined,
    options: {
      jobs: [...options.jobs],
      force: options.force,
      sync_only: options.syncOnly,
      revert: options.revert ?? null,
      with_hooks: options.withHooks === true,
    },
    required: plan.required,
    notes: [...notes, ...plan.maintenance],
    waves: plan.waves.map(({ deploymentSeq, jobs }) => ({
      deployment_seq: deploymentSeq,
      jobs: jobs.map(
        (job): SavedJob => ({
          job: job.job.name,
          required: job.required,
          pre_deploy: job.preDeploy,
          blocked_by: job.blockedBy ?? null,
          after_pending: job.afterPending,
          health_pending: job.healthPending,
          rollout: stepsRow(job),
          unchanged: job.allocations.filter(isUnchanged).length,
          allocations: job.allocations.filter((planned) => !isUnchanged(planned)).map((planned) => rows.of(planned)),
        }),
      ),
    })),
    stopping: stopRows(plan),
    undecided: plan.undecided.map(({ job, message }) => ({ job: job.name, message: masked(message) })),
    failures: plan.failures.map(({ job, code, message, hint }) => ({
      job,
      code,
      message: masked(message),
      hint: hint === undefined ? null : masked(hint),
    })),
    held: plan.held.map(({ job, text }) => ({ job, text: masked(text) })),
    rests_on: basis,
  };
}

/** Whether an allocation does not change, and therefore has no row. */
export function isUnchanged({ decision }: PlannedAllocation): boolean {
  return decision.action === "skip";
}

/** The part of a staged rollout in a plan, as in its file; null if the job is not rolled out in steps. */
export function stepsRow({ job, steps }: PlannedJob): SavedSteps | null {
  if (!steps) return null;
  const written = job.rollout?.steps ?? [];
  return {
    state: steps.state,
    steps: steps.parts.map(({ step, hosts }) => ({
      step: step + 1,
      of: written.length,
      size: written[step] ?? "",
      workers: [...hosts],
    })),
    waiting: steps.waiting.map(({ allocation }) => allocation.host),
  };
}

/** The stops of a plan, as in its file. */
export function stopRows({ stopping }: Pick<Plan, "stopping">): PlanBody["stopping"] {
  return stopping.map(({ job, allocation, stop, notify, remove, reason }) => ({
    job: job.name,
    worker_ip: allocation.host,
    stop,
    notify,
    remove,
    reason,
  }));
}

class Rows {
  readonly #source: PlanSource;
  readonly #diffs: PlanDiffs;
  /** Whether a promoted tree contains a file with a secret, by the digest of the tree. */
  readonly #secret = new Map<string, boolean>();

  constructor(source: PlanSource) {
    this.#source = source;
    this.#diffs = source.plan.diffs ?? new Map<string, readonly FileDiff[]>();
  }

  of(planned: PlannedAllocation): SavedAllocation {
    const { allocation, decision, target, tree } = planned;
    const anew = this.#source.madeByBuild.get(allocation.id) ?? [];
    const promoted = this.#source.bucket.store.promoted.promotedOf(allocation.id);
    return {
      worker_ip: allocation.host,
      action: changing(decision.action),
      tree: treePrint(planned, anew, this.#source.print),
      ...(anew.length === 0 ? {} : { made_by_build: [...anew] }),
      reasons: [...decision.reasons],
      matched: [...decision.matched],
      current_version: promoted?.version ?? "0.0.0",
      new_version: target.version,
      previous_hash: promoted === undefined || this.#hasSecret(promoted.digest) ? null : promoted.digest,
      current_hash: anew.length > 0 || hasSecret(tree.files) ? null : target.digest,
      files: (this.#diffs.get(allocation.id) ?? []).map(({ path, change, access, diff }) => ({
        path,
        change,
        ...(access === undefined ? {} : { access }),
        diff: anew.includes(path)
          ? `diff --git a/${path} b/${path}\nnot shown, because each build creates it again\n`
          : diff,
      })),
    };
  }

  /** Whether a tree has a file with a secret. The digest of such a tree would help to guess the secret. */
  #hasSecret(digest: string): boolean {
    const known = this.#secret.get(digest) ?? hasSecret(this.#source.bucket.store.promoted.files(digest));
    this.#secret.set(digest, known);
    return known;
  }
}

function changing(action: PlannedAction): SavedAllocation["action"] {
  if (action === "skip") throw new TypeError("an unchanged allocation has no row");
  return action;
}

function hasSecret(files: readonly Pick<TreeFile, "secret">[]): boolean {
  return files.some(({ secret }) => secret === true);
}
