import type { Bucket } from "../../bucket/bucket.ts";
import type { PlannedAction } from "../../domain/deploy/plan.ts";
import type { Allocation, Job } from "../../domain/workspace/job.ts";
import { MaandError } from "../../errors.ts";
import { isTapped } from "../../plugin-api/tapping/tap-by-name.ts";
import type { Run } from "../../run/run.ts";
import type { PlannedAllocation, PlannedJob } from "../plan-job.ts";
import type { Fingerprints } from "./fingerprints.ts";
import type { SavedAllocation, SavedJob, SavedPlan } from "./plan-schema.ts";
import { treePrint } from "./tree-print.ts";

/** Keeps a deploy to a saved plan, job by job. */
export interface PlanApproval {
  /** The digest of the plan. */
  readonly digest: string;
  /** The plan of a job that stays as it is and has no hooks that could change this; it is not planned again. */
  unchanged(job: Job): PlannedJob | undefined;
  /** Throws PLAN_DIFFERS for a job that the plan could not decide about, before its hooks run. */
  begin(job: Job): void;
  /** Throws PLAN_DIFFERS if the plan of a job is not the saved one. */
  check(plan: PlannedJob): void;
}

type Source = Pick<Run, "allocationsOf" | "recorded"> & { readonly bucket: Pick<Bucket, "hooks" | "store"> };

/** The approval of everything in a saved plan, and of nothing else. */
export function approvalOf(source: Source, saved: SavedPlan, print: Fingerprints): PlanApproval {
  const jobs = new Map(saved.waves.flatMap((wave) => wave.jobs).map((job) => [job.job, job]));
  const failed = new Set(saved.failures.map(({ job }) => job));
  return {
    digest: saved.digest,
    unchanged(job) {
      const known = jobs.get(job.name);
      if (!known || known.required || job.rollout || isTapped(source.bucket.hooks.beforeJob, job)) return undefined;
      const allocations = source.allocationsOf.get(job.name) ?? [];
      const planned = allocations.flatMap((allocation) => unchangedOne(source, allocation) ?? []);
      if (planned.length !== allocations.length) return undefined;
      return { job, allocations: planned, afterPending: false, healthPending: false };
    },
    begin(job) {
      if (jobs.has(job.name) || failed.has(job.name)) return;
      throw differs(`the plan has no decision about ${job.name}, because it needs values that its pre_deploy writes`);
    },
    check(plan) {
      const known = jobs.get(plan.job.name);
      if (!known) throw differs(`${plan.job.name} could not be planned when the plan was made, and now it can be`);
      const differences = differencesOf(plan, known, print);
      if (differences.length > 0)
        throw differs(`the plan of ${plan.job.name} turned out differently: ${differences.join("; ")}`);
    },
  };
}

/** An allocation whose files and version are the promoted ones. */
function unchangedOne({ recorded, bucket }: Source, allocation: Allocation): PlannedAllocation | undefined {
  const { promoted } = recorded(allocation.id);
  if (!promoted) return undefined;
  const { digest, version, occasion } = promoted;
  return {
    allocation,
    target: { digest, version },
    occasion: occasion ?? { currentVersion: version, updateSeq: 0 },
    decision: { action: "skip", reasons: ["unchanged"], matched: [], files: [], priority: false },
    get tree() {
      return { files: bucket.store.promoted.files(digest).map(({ size = 0, ...file }) => ({ ...file, size })) };
    },
  };
}

/** How the plan of a job differs from the saved one, by worker. */
export function differencesOf(plan: PlannedJob, saved: SavedJob, print: Fingerprints): string[] {
  const rows = new Map(saved.allocations.map((row) => [row.worker_ip, row]));
  const found = plan.allocations.flatMap((planned) => {
    const row = rows.get(planned.allocation.host);
    rows.delete(planned.allocation.host);
    return row ? differenceOf(planned, row, print) : [`${planned.allocation.host} is not in the plan`];
  });
  return [...found, ...[...rows.keys()].map((host) => `${host} is no longer there`)];
}

function differenceOf(
  { allocation, decision, ...planned }: PlannedAllocation,
  row: SavedAllocation,
  print: Fingerprints,
) {
  const { host } = allocation;
  const [was, is] = [afterStop(row.action), afterStop(decision.action)];
  if (was !== is) return [`on ${host} the action is ${is}, and was ${was}`];
  const isSame = treePrint(planned, row.made_by_build ?? [], print) === row.tree;
  return isSame ? [] : [`on ${host} its files are others`];
}

/** What remains for a disabled allocation after it was stopped: stops go before the waves. */
function afterStop(action: PlannedAction): PlannedAction {
  if (action === "stop") return "skip";
  return action === "stop+promote" ? "promote" : action;
}

function differs(message: string): MaandError {
  return new MaandError({
    code: "PLAN_DIFFERS",
    message,
    hint: "make a new plan with maand plan --with-hooks, which contains what pre_deploy does",
  });
}
