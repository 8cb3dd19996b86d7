import type { Bucket } from "../../bucket/bucket.ts";
import type { DeployOptions, Plan, PlanOptions } from "../../plan/plan-deploy.ts";
import { planDeploy } from "../../plan/plan-deploy.ts";
import type { Summary } from "../../run-result.ts";
import { deployWith } from "../deploy.ts";
import { chooseRelease, chooseRollback, type RollbackTarget } from "./choose-releases.ts";

/** The options that a rollback and its dry run share. */
const OPTIONS = { force: false, syncOnly: false } as const;

/**
 * Rolls jobs back to earlier releases. It stores these releases as the desired state, holds the releases of the
 * workspace, and deploys the jobs, the last wave first. The next deploy continues an unfinished rollback. Throws
 * PROBLEMS before anything is changed if a release is unknown or conflicts with another job.
 */
export async function rollback(bucket: Bucket, target: RollbackTarget, ignoreBudget = false): Promise<Summary> {
  return deployWith(bucket, "rollback", async () => {
    const { jobs, change } = await chooseRollback(bucket, target);
    return { options: { ...OPTIONS, jobs, ignoreBudget }, change, reason: "rollback", reversed: true };
  });
}

/** Plans a rollback without carrying it out; writes nothing. */
export async function planRollback(
  bucket: Bucket,
  target: RollbackTarget,
  options: Pick<PlanOptions, "diff">,
): Promise<Plan> {
  const { jobs, change } = await chooseRollback(bucket, target);
  const desired = change ?? { catalog: bucket.store.catalog.read(), publish: () => undefined };
  return planDeploy(bucket, { ...OPTIONS, ...options, jobs }, { command: "rollback", desired, reversed: true });
}

/** Options of a deploy of a named release of one job. The deploy ends the hold on that release. */
export interface ReleaseOptions extends Omit<DeployOptions, "jobs"> {
  readonly job: string;
  readonly release: string;
}

/** Deploys a named release of one job. If the workspace has another release, that release is held. */
export async function deployRelease(bucket: Bucket, { job, release, ...options }: ReleaseOptions): Promise<Summary> {
  return deployWith(bucket, "deploy", async () => {
    const { change } = await chooseRelease(bucket, job, release);
    return { options: { ...options, jobs: [job] }, change, reversed: false };
  });
}

/** Plans the deploy of a named release of one job; writes nothing. */
export async function planRelease(
  bucket: Bucket,
  { job, release, ...options }: ReleaseOptions & Omit<PlanOptions, "jobs">,
): Promise<Plan> {
  const { change } = await chooseRelease(bucket, job, release);
  const desired = change ?? { catalog: bucket.store.catalog.read(), publish: () => undefined };
  return planDeploy(bucket, { ...options, jobs: [job] }, { command: "deploy", desired, reversed: false });
}
