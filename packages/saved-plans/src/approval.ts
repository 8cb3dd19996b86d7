import { MaandError } from "@maand/core";
import {
  type Bucket,
  isTapped,
  type JobState,
  type PlanApproval,
  type PlannedAction,
  type PlannedAllocation,
  type PlannedJob,
  treeDigest,
} from "@maand/core/internal";
import type { Run } from "@maand/core/operator";
import type { Fingerprints } from "./basis/fingerprints.ts";
import { invalid } from "./file/plan-file.ts";
import type { SavedAllocation, SavedJob, SavedPlan } from "./file/plan-schema.ts";
import { stepsRow } from "./file/save-plan.ts";
import { treePrint } from "./file/tree-print.ts";

type Source = Pick<Run, "catalog"> & { readonly bucket: Pick<Bucket, "hooks" | "store"> };

/** The state that the plan is compared with: the recorded state of its jobs, which is the same as in the plan. */
export interface Compared {
  readonly states: ReadonlyMap<string, JobState>;
  readonly print: Fingerprints;
}

/** Approves exactly the contents of a saved plan. */
export function approvalOf(source: Source, saved: SavedPlan, { states, print }: Compared): PlanApproval {
  const jobs = new Map(saved.waves.flatMap((wave) => wave.jobs).map((job) => [job.job, job]));
  const failed = new Set(saved.failures.map(({ job }) => job));
  let found: ReadonlySet<string> | undefined;
  const unplanned = () => {
    found ??= source.bucket.store.jobStates.unplanned(source.catalog.jobs.map(({ files }) => treeDigest(files)));
    return found;
  };
  return {
    digest: saved.digest,
    consume(run) {
      const before = source.bucket.store.journal.claimPlan(run, saved.digest);
      if (before !== undefined) throw carriedOut(before);
    },
    isSettled(job) {
      const known = jobs.get(job.name);
      if (!known || known.required || job.rollout || isTapped(source.bucket.hooks.beforeJob, job)) return false;
      const state = states.get(job.name);
      if (state?.count !== known.unchanged || known.allocations.length > 0) return false;
      return (job.release === undefined || state.release === job.release) && !unplanned().has(job.name);
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
        throw differs(`the plan of ${plan.job.name} differs from the saved plan: ${differences.join("; ")}`);
    },
  };
}

/**
 * The differences between the plan of a job and the saved plan, by worker. An allocation without a row is unchanged.
 */
export function differencesOf(plan: PlannedJob, saved: SavedJob, print: Fingerprints): string[] {
  const rows = new Map(saved.allocations.map((row) => [row.worker_ip, row]));
  const found = plan.allocations.flatMap((planned) => {
    const row = rows.get(planned.allocation.host);
    rows.delete(planned.allocation.host);
    return differenceOf(planned, row, print);
  });
  const steps = JSON.stringify(stepsRow(plan)) === JSON.stringify(saved.rollout) ? [] : ["its steps differ"];
  return [...found, ...[...rows.keys()].map((host) => `there is no allocation on ${host} any more`), ...steps];
}

function differenceOf(
  { allocation, decision, ...planned }: PlannedAllocation,
  row: SavedAllocation | undefined,
  print: Fingerprints,
): string[] {
  const { host } = allocation;
  const [was, is] = [afterStop(row?.action ?? "skip"), afterStop(decision.action)];
  if (was !== is) return [`on ${host} the action is ${is} instead of ${was}`];
  const isSame = row === undefined || treePrint(planned, row.made_by_build ?? [], print) === row.tree;
  return isSame ? [] : [`on ${host} its files differ`];
}

/** The remaining action for a disabled allocation after its stop, because stops precede the waves. */
function afterStop(action: PlannedAction): PlannedAction {
  if (action === "stop") return "skip";
  return action === "stop+promote" ? "promote" : action;
}

/** The error for a plan that was already carried out. Its changes were made, or they failed and need a new plan. */
export function carriedOut(run: number): MaandError {
  return invalid(`the plan was already carried out by run ${run}`, "make a new plan with: maand plan --out plan.json");
}

function differs(message: string): MaandError {
  return new MaandError({
    code: "PLAN_DIFFERS",
    message,
    hint: "make a new plan with maand plan --with-hooks, which includes what pre_deploy does",
  });
}
