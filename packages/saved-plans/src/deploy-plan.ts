import { type Allocation, error, type Job, MaandError, type Problem, type Summary } from "@maand/core";
import {
  demandedJobs,
  deployWith,
  Ledger,
  type OpenedBucket,
  type PlanApproval,
  planWave,
  stopping,
  type Wave,
  wavesOf,
} from "@maand/core/internal";
import type { Run } from "@maand/core/operator";
import { approvalOf, type Compared, carriedOut, differencesOf } from "./approval.ts";
import { basisOf, readAgain } from "./basis/basis.ts";
import { changesSince, type Suspects } from "./basis/changes-since.ts";
import { type Fingerprints, fingerprints } from "./basis/fingerprints.ts";
import { invalid } from "./file/plan-file.ts";
import type { SavedPlan } from "./file/plan-schema.ts";
import { stopRows } from "./file/save-plan.ts";
import { pluginVersions } from "./plugin-versions.ts";

/**
 * Carries out a saved plan, and nothing else. Throws before anything is changed: PLAN_INVALID for a plan that cannot be
 * carried out in this bucket, and PLAN_STALE if something that the plan depends on has changed. A job whose plan turns
 * out differently after its `pre_deploy` commands fails with PLAN_DIFFERS; the others continue.
 */
export async function deployPlan(bucket: OpenedBucket, saved: SavedPlan): Promise<Summary> {
  refuseForeign(bucket, saved);
  const plugins = pluginVersions(bucket.loaded, bucket.paths.root);
  return deployWith(bucket, "deploy", async (run) => {
    const { jobs, force, sync_only: syncOnly, revert } = saved.options;
    const options = { jobs, force, syncOnly, ...(revert === null ? {} : { revert }) };
    return { options, change: undefined, reversed: false, approval: await approve(run, saved, plugins) };
  });
}

function refuseForeign({ bucketId }: OpenedBucket, saved: SavedPlan): void {
  if (saved.bucket === bucketId) return;
  throw invalid(
    `the plan is for the bucket ${saved.bucket}, but this is ${bucketId}`,
    "run it in its own bucket, or make a plan of this one with: maand plan --out plan.json",
  );
}

/** Checks everything that can be checked before anything is changed. */
async function approve(run: Run, saved: SavedPlan, plugins: Readonly<Record<string, string>>): Promise<PlanApproval> {
  refuseUsed(run, saved);
  refuseRemoved(run, saved);
  const waves = wavesOf(run, saved.options.jobs);
  const jobs = waves.flatMap((wave) => wave.jobs);
  const states = run.bucket.store.jobStates.of(jobs.map(({ name }) => name));
  const print = fingerprints(run.bucket.key);
  const changes = changesOf(run, saved, { waves, plugins, states, print });
  if (changes.length > 0) throw stale(run, saved, changes);
  const approval = approvalOf(run, saved, { states, print });
  const differences = await planAgain(run, saved, { waves, approval, print });
  if (differences.length > 0) throw stale(run, saved, differences);
  return approval;
}

/**
 * Refuses a used plan before any other check, to give a clear message. What actually prevents a second use is the claim
 * on the plan.
 */
function refuseUsed({ bucket: { store } }: Run, { digest }: SavedPlan): void {
  const before = store.journal.runOfPlan(digest);
  if (before !== undefined) throw carriedOut(before);
}

function refuseRemoved({ catalog }: Run, saved: SavedPlan): void {
  const there = new Set(catalog.jobs.map(({ name }) => name));
  const gone = Object.keys(saved.rests_on.jobs).filter((name) => !there.has(name));
  if (gone.length === 0) return;
  const known = [...there].sort().join(", ");
  throw invalid(
    `the plan is for ${gone.join(", ")}, but the bucket no longer has ${gone.length === 1 ? "this job" : "these jobs"}`,
    there.size === 0
      ? "the bucket has no jobs; build it, and make a new plan"
      : `make a new plan; the jobs are: ${known}`,
  );
}

interface Checking {
  readonly waves: readonly Wave[];
  readonly print: Fingerprints;
}

/** Everything that the plan depends on and that has changed. */
function changesOf(
  run: Run,
  saved: SavedPlan,
  {
    waves,
    plugins,
    states,
    print,
  }: Checking & Pick<Compared, "states"> & { readonly plugins: Readonly<Record<string, string>> },
): Problem[] {
  const stops = stopping(run);
  const named = saved.rests_on.allocations;
  const isNamed = ({ job, host }: Allocation) => named[job]?.changing[host] !== undefined;
  const covered = {
    jobs: waves.flatMap(({ jobs }) => jobs),
    stopping: stops,
    changing: Object.values(named).some(({ changing }) => Object.keys(changing).length > 0)
      ? run.catalog.allocations.filter(isNamed)
      : [],
    states,
    used: readAgain(run.bucket.kv, saved.rests_on),
    plugins,
  };
  const changes = changesSince(saved.rests_on, basisOf(run, covered, print), (job) =>
    suspectsOf(run, job, saved.rests_on.update_seq),
  );
  const [before, now] = [saved.stopping, stopRows({ stopping: stops })].map(
    (rows) => new Map(rows.map((row) => [`job ${row.job} on ${row.worker_ip}`, row])),
  );
  const names = [...new Set([...(before?.keys() ?? []), ...(now?.keys() ?? [])])];
  const changed = names.filter((name) => JSON.stringify(before?.get(name)) !== JSON.stringify(now?.get(name)));
  const what = (name: string) =>
    now?.has(name) ? (before?.has(name) ? "is stopped differently" : "will be stopped") : "will no longer be stopped";
  return [...changes, ...changed.map((name) => error("changed_since_plan", name, what(name)))];
}

/**
 * The allocations of a job that were promoted after a given `update_seq`, or that are in a state that no plan leaves
 * unchanged. The plan has a single fingerprint for all allocations, so it cannot show which of them changed.
 */
function suspectsOf({ allocationsOf, recorded }: Run, job: string, updateSeq: number): Suspects {
  const found: Record<keyof Suspects, string[]> = { added: [], changed: [] };
  for (const { id, host, disabled } of allocationsOf.get(job) ?? []) {
    const { promoted, staged, unsettled } = recorded(id);
    if (!promoted) found.added.push(host);
    else if (
      unsettled ||
      promoted.healthFailed ||
      promoted.stopped !== disabled ||
      (!disabled && staged !== promoted.digest) ||
      (promoted.occasion?.updateSeq ?? 0) > updateSeq
    )
      found.changed.push(host);
  }
  return found;
}

/**
 * Plans the jobs that the plan changes once more and compares the results, because a plugin might have rendered
 * something else. Jobs whose `pre_deploy` must run first are compared after it has run.
 */
async function planAgain(
  run: Run,
  saved: SavedPlan,
  { waves, approval, print }: Checking & { readonly approval: PlanApproval },
): Promise<Problem[]> {
  const known = new Map(saved.waves.flatMap((wave) => wave.jobs).map((job) => [job.job, job]));
  const hooked = hookedJobs(run, saved);
  const trial: Run = { ...run, ledger: new Ledger() };
  const options = { force: saved.options.force, syncOnly: saved.options.sync_only };
  const problems: Problem[] = [];
  for (const wave of waves) {
    const jobs = wave.jobs.filter((job) => known.has(job.name) && !hooked.has(job.name) && !approval.isSettled(job));
    for (const plan of await planWave(trial, { ...wave, jobs }, options, {
      approval: { ...approval, check: () => undefined },
    })) {
      const row = known.get(plan.job.name);
      const isCompared = plan.blockedBy === undefined && (plan.required || row?.required === true);
      const differences = row && isCompared ? differencesOf(plan, row, print) : [];
      if (differences.length > 0)
        problems.push(error("changed_since_plan", `job ${plan.job.name}`, differences.join("; ")));
    }
  }
  const failures = trial.ledger.summary().failures;
  return [...problems, ...failures.map(({ job, message }) => error("changed_since_plan", `job ${job}`, message))];
}

/**
 * The jobs with `pre_deploy` commands, and their dependent jobs, which can read the values that these commands write.
 */
function hookedJobs({ jobs }: Run, saved: SavedPlan): ReadonlySet<string> {
  const hooked = new Set(
    saved.waves.flatMap((wave) => wave.jobs.filter(({ pre_deploy }) => pre_deploy !== "none").map(({ job }) => job)),
  );
  for (const { job } of saved.undecided) hooked.add(job);
  const demands = (job: Job) => demandedJobs(job).some((name) => hooked.has(name));
  for (let size = -1; size !== hooked.size; ) {
    size = hooked.size;
    for (const job of jobs.values()) if (demands(job)) hooked.add(job.name);
  }
  return hooked;
}

function stale({ bucket, number }: Run, { rests_on }: SavedPlan, changes: readonly Problem[]): MaandError {
  const [first] = changes;
  const what =
    changes.length === 1 && first ? `${first.where}: ${first.message}` : `${changes.length} of its inputs have changed`;
  const runs = bucket.store.journal.runsBetween(rests_on.last_run, number);
  const since = runs.length === 0 ? "" : `; later runs: ${runs.slice(-3).join(", ")}`;
  return new MaandError({
    code: "PLAN_STALE",
    message: `the plan is out of date: ${what}${since}`,
    hint: "make a new plan with maand plan --out plan.json, and have it approved; nothing was changed",
    problems: changes,
  });
}
