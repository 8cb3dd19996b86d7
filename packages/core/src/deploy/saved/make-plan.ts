import type { OpenedBucket } from "../../bucket/open.ts";
import { pluginVersions } from "../../config/plugin-versions.ts";
import { type Plan, type PlanOptions, planDeploy } from "../../plan/plan-deploy.ts";
import type { DryRunState } from "../../plan/dry-run.ts";
import { basisOf, readForRollout } from "../../plan/saved/basis.ts";
import { fingerprints } from "../../plan/saved/fingerprints.ts";
import { KvRecorder } from "../../plan/saved/kv-recorder.ts";
import { sealPlan } from "../../plan/saved/plan-file.ts";
import type { Basis, SavedPlan } from "../../plan/saved/plan-schema.ts";
import { planBody } from "../../plan/saved/save-plan.ts";
import { wavesOf } from "../../plan/waves.ts";

/** A plan for people, and the same for its file. */
export interface MadePlan {
  readonly plan: Plan;
  readonly saved: SavedPlan;
}

/** Plans a deploy as a dry run does, with all differences, and notes what the plan rests on. Writes nothing. */
export async function makePlan(bucket: OpenedBucket, options: Omit<PlanOptions, "diff">): Promise<MadePlan> {
  const print = fingerprints(bucket.key);
  const kv = new KvRecorder(bucket.kv);
  const plugins = pluginVersions(bucket.loaded, bucket.paths.root);
  let basis: Basis | undefined;
  const inspect = (state: DryRunState, plan: Plan) => {
    const jobs = wavesOf(state, options.jobs).flatMap((wave) => wave.jobs);
    const required = plan.waves.flatMap((wave) => wave.jobs.filter((job) => job.required));
    readForRollout(kv, required.map(({ job }) => job));
    kv.stop(); // what hides secrets in diffs reads far more
    basis = basisOf(state, { jobs, stopping: plan.stopping, used: kv.used, plugins }, print);
  };
  const plan = await planDeploy({ ...bucket, kv }, { ...options, diff: true }, undefined, inspect);
  if (!basis) throw new TypeError("the plan was not inspected");
  const body = planBody({ bucket, plan, options, basis, print, notes: [], madeByBuild: new Map() });
  return { plan, saved: sealPlan(body) };
}
