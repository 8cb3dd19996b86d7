import type { Bucket } from "../../bucket/bucket.ts";
import { type ChangedReleases, changedReleases, type ReleaseChoice } from "../../build/change-releases.ts";
import { error, type Problem } from "../../domain/checks/problem.ts";
import { type ChosenRelease, lastGoodRelease, namedRelease } from "../../domain/release/choose-release.ts";
import { releaseName } from "../../domain/release/release.ts";
import { isAtGate, nextCommands, stepName } from "../../domain/rollout/open-rollout.ts";
import type { Allocation, Job } from "../../domain/workspace/job.ts";
import { problemsError } from "../../errors.ts";
import { refuseUnknown } from "../../run/select.ts";
import { userName } from "../../workspace/authorship.ts";

/** Which jobs to roll back, and to which release. Either `jobs` or `run` selects the jobs. */
export interface RollbackTarget {
  readonly jobs: readonly string[];
  /** A release or a version, if `jobs` names one job; default: the last release that was healthy on all allocations. */
  readonly to?: string | undefined;
  /** Roll back everything that this run rolled out. */
  readonly run?: number | undefined;
}

/** The chosen releases and their jobs. */
export interface ChosenReleases {
  readonly jobs: readonly string[];
  /** The resolved and checked state with these releases; undefined if every job already has its release selected. */
  readonly change: ChangedReleases | undefined;
}

/** Chooses the releases of a rollback. Writes nothing. Throws PROBLEMS with everything that is wrong. */
export async function chooseRollback(bucket: Bucket, target: RollbackTarget): Promise<ChosenReleases> {
  const catalog = bucket.store.catalog.read();
  const named = target.run === undefined ? target.jobs : jobsOfRun(bucket, target.run);
  refuseUnknown(
    "job",
    "job",
    named,
    catalog.jobs.map(({ name }) => name),
  );
  const jobs = catalog.jobs.filter(({ name }) => named.includes(name));
  refusePaused(bucket, jobs);
  const choices = chosen(jobs, (job) => rollbackOf(bucket, job, catalog.allocations, target));
  return changeTo(bucket, named, choices);
}

/** Chooses one release of one job, for `maand deploy --release`. */
export async function chooseRelease(bucket: Bucket, job: string, release: string): Promise<ChosenReleases> {
  const { jobs } = bucket.store.catalog.read();
  refuseUnknown(
    "job",
    "--jobs",
    [job],
    jobs.map(({ name }) => name),
  );
  const named = jobs.filter(({ name }) => name === job);
  const choices = chosen(named, ({ name }) => namedRelease(name, release, bucket.store.releases.of(name)));
  refusePaused(
    bucket,
    named.filter((one) => choices.some((choice) => choice.job === one && choice.release !== one.release)),
  );
  return changeTo(bucket, [job], choices);
}

/** Refuses to choose another release during a pause: the operator must end the pause first. */
function refusePaused({ store }: Bucket, jobs: readonly Job[]): void {
  const problems = jobs.flatMap((job) => {
    const open = store.rollouts.find(job.name);
    if (!open || !isAtGate(job, open)) return [];
    const message = `the rollout of ${releaseName(open.release)} is at ${stepName(job.rollout?.steps ?? [], open.step)}`;
    return [error("rollout_paused", `job ${job.name}`, message, nextCommands(job.name, open.previous))];
  });
  if (problems.length > 0) throw problemsError(problems);
}

interface Choice {
  readonly job: Job;
  readonly release: number;
}

function chosen(jobs: readonly Job[], choose: (job: Job) => ChosenRelease): Choice[] {
  const problems: Problem[] = [];
  const choices = jobs.flatMap((job): Choice[] => {
    const found = choose(job);
    if ("release" in found) return [{ job, release: found.release.number }];
    problems.push(error("unknown_release", `job ${job.name}`, found.problem, found.hint));
    return [];
  });
  if (problems.length > 0) throw problemsError(problems);
  return choices;
}

async function changeTo(bucket: Bucket, jobs: readonly string[], choices: readonly Choice[]): Promise<ChosenReleases> {
  const changes = choices
    .filter(({ job, release }) => job.release !== release || job.hold?.release === release)
    .map(({ job, release }): ReleaseChoice => {
      const reason = `rolled back to ${releaseName(release)}`;
      return { job: job.name, release, kind: "rollback", reason };
    });
  const change = changes.length === 0 ? undefined : await changedReleases(bucket, changes, userName());
  return { jobs, change };
}

function rollbackOf(
  bucket: Bucket,
  job: Job,
  allocations: readonly Allocation[],
  { to, run }: RollbackTarget,
): ChosenRelease {
  const { releases } = bucket.store;
  const all = releases.of(job.name);
  if (run !== undefined) return beforeRun(bucket, job, run);
  if (to !== undefined) return namedRelease(job.name, to, all);
  const wanted = all.find(({ number }) => number === job.release);
  if (job.hold && wanted && !runsEverywhere(bucket, job, allocations)) return { release: wanted };
  const held = new Set(releases.held().flatMap((one) => (one.job === job.name ? [one.hold.release] : [])));
  return lastGoodRelease(job.name, all, { wanted: job.release, held });
}

/** Whether all active allocations of a job run the wanted release. */
function runsEverywhere({ store }: Bucket, { name, release }: Job, allocations: readonly Allocation[]): boolean {
  const recorded = store.promoted.recorded();
  return allocations
    .filter(({ job, removed, disabled }) => job === name && !removed && !disabled)
    .every(({ id }) => recorded.get(id)?.promoted?.release === release && recorded.get(id)?.unsettled === undefined);
}

function jobsOfRun({ store }: Bucket, run: number): string[] {
  const jobs = store.releases.rolledOut(run).map(({ job }) => job);
  if (jobs.length > 0) return jobs;
  const hint = "maand releases <job> lists what can be rolled back; the records of the last 50 runs are kept";
  throw problemsError([error("unknown_run", "--run", `no record says that run ${run} rolled out a job`, hint)]);
}

/** The release that ran before a run, unless another release has been selected since. */
function beforeRun({ store }: Bucket, { name, release: wanted }: Job, run: number): ChosenRelease {
  const rolledOut = store.releases.rolledOut(run).find(({ job }) => job === name);
  const before = rolledOut?.previous === undefined ? undefined : store.releases.find(name, rolledOut.previous);
  if (rolledOut && ![rolledOut.release, rolledOut.previous].includes(wanted))
    return {
      problem: `run ${run} rolled out ${releaseName(rolledOut.release)} of ${name}, but ${releaseName(wanted ?? 0)} has been selected since`,
      hint: `roll it back separately: maand rollback ${name}`,
    };
  if (before) return { release: before };
  return {
    problem: `no release of ${name} ran before run ${run}`,
    hint: `roll the other jobs back by name, and disable ${name} in workspace/disabled.json to stop it`,
  };
}
