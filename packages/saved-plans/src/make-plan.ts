import type { Allocation } from "@maand/core";
import {
  type DryRunState,
  type OpenedBucket,
  type Plan,
  type PlanOptions,
  planDeploy,
  unbuiltText,
  wavesOf,
} from "@maand/core/internal";
import { basisOf, readForRollout } from "./basis/basis.ts";
import { type Fingerprints, fingerprints } from "./basis/fingerprints.ts";
import { KvRecorder } from "./basis/kv-recorder.ts";
import { sealPlan } from "./file/plan-file.ts";
import type { Basis, SavedPlan } from "./file/plan-schema.ts";
import { isUnchanged, planBody } from "./file/save-plan.ts";
import { pluginVersions } from "./plugin-versions.ts";

/** A plan for display, and the content of its file. */
export interface MadePlan {
  readonly plan: Plan;
  readonly saved: SavedPlan;
}

/** Options of a plan. A plan always contains the file differences. */
export type MakeOptions = Omit<PlanOptions, "diff">;

/**
 * Plans a deploy as a dry run does, with all file differences, and records what the plan depends on. Writes nothing.
 */
export async function makePlan(bucket: OpenedBucket, options: MakeOptions): Promise<MadePlan> {
  const print = fingerprints(bucket.key);
  const { plan, basis } = await planWithBasis(bucket, options, print);
  const body = planBody({ bucket, plan, options, basis, print, notes: unbuiltNotes(plan), madeByBuild: new Map() });
  return { plan, saved: sealPlan(body) };
}

function unbuiltNotes({ unbuilt }: Plan): string[] {
  return unbuilt.length === 0 ? [] : [unbuiltText(unbuilt)];
}

/** A plan, and what it depends on. */
export interface PlanAndBasis {
  readonly plan: Plan;
  readonly basis: Basis;
}

/** Plans a deploy and records what the plan depends on, both from the same state. */
export async function planWithBasis(
  bucket: OpenedBucket,
  options: MakeOptions,
  print: Fingerprints,
): Promise<PlanAndBasis> {
  const kv = new KvRecorder(bucket.kv);
  const plugins = pluginVersions(bucket.loaded, bucket.paths.root);
  let basis: Basis | undefined;
  const inspect = (state: DryRunState, plan: Plan) => {
    const jobs = wavesOf(state, options.jobs).flatMap((wave) => wave.jobs);
    const states = bucket.store.jobStates.of(jobs.map(({ name }) => name));
    const required = plan.waves.flatMap((wave) => wave.jobs.filter((job) => job.required).map(({ job }) => job));
    readForRollout(kv, required);
    kv.stop(); // read now, because hiding secrets in differences will read far more entries
    basis = basisOf(
      state,
      { jobs, stopping: plan.stopping, changing: changingIn(plan), states, used: kv.used, plugins },
      print,
    );
  };
  const plan = await planDeploy({ ...bucket, kv }, { ...options, diff: true }, undefined, inspect);
  if (!basis) throw new TypeError("the plan was not inspected");
  return { plan, basis };
}

/** The allocations that a plan names: those that it changes, and those that it postpones to a later step. */
function changingIn({ waves }: Plan): Allocation[] {
  return waves
    .flatMap(({ jobs }) => jobs)
    .flatMap(({ allocations, steps }) => [
      ...allocations.filter((planned) => !isUnchanged(planned)),
      ...(steps?.waiting ?? []),
    ])
    .map(({ allocation }) => allocation);
}
