import type { Bucket } from "../../bucket/bucket.ts";
import { changedReleases } from "../../build/change-releases.ts";
import { error } from "../../domain/checks/problem.ts";
import { type ChosenRelease, lastGoodRelease } from "../../domain/release/choose-release.ts";
import { releaseName } from "../../domain/release/release.ts";
import { type OpenRollout, stepState } from "../../domain/rollout/open-rollout.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { problemsError } from "../../errors.ts";
import { refuseUnknown } from "../../run/select.ts";
import type { Summary } from "../../run-result.ts";
import { userName } from "../../workspace/authorship.ts";
import { deployWith } from "../deploy.ts";

/** The options of the deploy that a resume or an abort performs. */
const OPTIONS = { force: false, syncOnly: false } as const;

/**
 * Continues a staged rollout: past a pause, with the rest of a timed wait, or with the step that failed. Throws
 * PROBLEMS if no rollout is open.
 */
export async function resumeRollout(bucket: Bucket, name: string, ignoreBudget = false): Promise<Summary> {
  return deployWith(bucket, "rollout resume", async () => {
    const { job, open } = openRolloutOf(bucket, name);
    const isPaused = stepState(job.rollout?.steps[open.step]) === "paused";
    const pass = () => bucket.store.rollouts.moveTo(name, open.step + 1, bucket.now().toISOString());
    const store = isPaused ? pass : () => undefined;
    return { options: { ...OPTIONS, jobs: [name], ignoreBudget }, change: undefined, store, reversed: false };
  });
}

/**
 * Ends a staged rollout and undoes it. The release that ran before becomes the desired state, and the release of the
 * rollout is marked bad and held, as after a revert. The next deploy continues an abort that did not finish. Throws
 * PROBLEMS if no rollout is open, or if there is nothing to go back to.
 */
export async function abortRollout(bucket: Bucket, name: string, ignoreBudget = false): Promise<Summary> {
  return deployWith(bucket, "rollout abort", async () => {
    const { job, open } = openRolloutOf(bucket, name);
    const by = userName();
    const reason = `its rollout was aborted by ${by}`;
    const release = releaseBefore(bucket, job, open);
    const change = await changedReleases(bucket, [{ job: name, release, kind: "revert", reason }], by);
    const store = () => bucket.store.releases.markBad(name, open.release, reason);
    return { options: { ...OPTIONS, jobs: [name], ignoreBudget }, change, store, reason: "revert", reversed: false };
  });
}

/** The rollout of a job that the operator may resume or abort. */
function openRolloutOf({ store }: Bucket, name: string): { readonly job: Job; readonly open: OpenRollout } {
  const { jobs } = store.catalog.read();
  const names = jobs.map((job) => job.name);
  refuseUnknown("job", "job", [name], names);
  const job = jobs.find((one) => one.name === name);
  const open = store.rollouts.find(name);
  if (job && open && job.release === open.release) return { job, open };
  if (job?.release !== undefined && open) throw problemsError([replaced(job.release, open)]);
  const others = store.rollouts.all().map((one) => one.job);
  const hint = others.length === 0 ? "maand deploy begins one" : `jobs with a staged rollout: ${others.join(", ")}`;
  throw problemsError([error("no_rollout", `job ${name}`, "has no staged rollout under way", hint)]);
}

function replaced(release: number, { job, release: before }: OpenRollout) {
  return error(
    "rollout_replaced",
    `job ${job}`,
    `the rollout of ${releaseName(before)} ended when ${releaseName(release)} was built`,
    `maand deploy rolls out ${releaseName(release)} from its first step; maand rollback ${job} goes back`,
  );
}

/**
 * The release that ran before the rollout. If there is none, or it is marked bad: the last release that was healthy
 * everywhere.
 */
function releaseBefore({ store }: Bucket, { name }: Job, { release, previous }: OpenRollout): number {
  const before = previous === undefined ? undefined : store.releases.find(name, previous);
  if (before && before.bad === undefined) return before.number;
  const found: ChosenRelease = lastGoodRelease(name, store.releases.of(name), { wanted: release, held: new Set() });
  if ("release" in found) return found.release.number;
  const hint = `maand rollout resume ${name} continues; or change ${name} and run maand deploy --build`;
  throw problemsError([error("unknown_release", `job ${name}`, found.problem, hint)]);
}
