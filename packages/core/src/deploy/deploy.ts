import pLimit from "p-limit";
import type { Bucket } from "../bucket/bucket.ts";
import { asMaandError, stopIfInterrupted } from "../bucket/outcome.ts";
import { treeDigest } from "../domain/deploy/digest.ts";
import { blockedBy, type DeployOptions, refuseStarts, type Wave, wavesOf } from "../plan/plan-deploy.ts";
import { isRequired, type Pending, type PlannedJob, pendingOf, planJob } from "../plan/plan-job.ts";
import { beginRun, type Run } from "../run/run.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import { type Summary, summaryRecord } from "../summary.ts";
import { reconcile } from "./reconcile.ts";
import { markSkipped } from "./rollout/mark-skipped.ts";
import { rollOut } from "./rollout/roll-out.ts";
import { metadataOf } from "./stage/metadata.ts";
import { Stager } from "./stage/stage.ts";
import { waveContext } from "./wave-context.ts";

/** Runs whose settled journal rows are kept. */
const RUNS_KEPT = 50;

/**
 * Brings the workers to the catalog (seed deploy): who leaves is stopped, then wave by wave what changed is staged and
 * rolled out. Partial success is kept, and deploying again goes on where this one ended. Throws BUSY, or PROBLEMS for a
 * wish that cannot be; everything else is in the summary.
 */
export async function deploy(bucket: Bucket, options: DeployOptions): Promise<Summary> {
  const run = beginRun(bucket, "deploy");
  try {
    const waves = await refusable(run, options);
    await phases(run, waves, options);
    return await commit(run);
  } finally {
    await run.end();
  }
}

/** The waves of a wish that can be done; what cannot is refused while nothing was touched. */
async function refusable(run: Run, options: DeployOptions): Promise<Wave[]> {
  try {
    const waves = wavesOf(run, options);
    await refuseImpossible(run, waves, options);
    const { hooks, now } = run.bucket;
    await hooks.begin.promise(Object.freeze({ ...run.reporter.context({}), now, jobs: options.jobs }));
    return waves;
  } catch (cause) {
    run.bucket.store.journal.finishRun(run.number, "refused", run.at());
    throw cause;
  }
}

async function phases(run: Run, waves: readonly Wave[], options: DeployOptions): Promise<void> {
  const stager = new Stager(run);
  try {
    await reconcile(run);
    for (const wave of waves) {
      stopIfInterrupted(run.bucket.signal);
      const plans = await planWave(run, wave, options);
      if (plans.length === 0 || !(await isPermitted(run, wave, plans))) continue;
      await stager.stageWave(plans);
      const side = pLimit(run.bucket.settings.maxConcurrentJobs);
      await Promise.all(plans.map((plan) => side(() => rollOut(run, plan))));
    }
    await refreshMetadata(run, stager);
    for (const warning of stager.warnings()) run.ledger.warn(warning);
  } catch (cause) {
    run.ledger.interrupt();
    if (asMaandError(cause).code === "INTERRUPTED") return;
    await commit(run);
    throw cause;
  }
}

/** Plans the jobs of a wave against what is promoted now, and answers those that need something. */
async function planWave(run: Run, wave: Wave, options: DeployOptions): Promise<PlannedJob[]> {
  run.refresh();
  run.reporter.emit("wave.started", { deployment_seq: wave.deploymentSeq, jobs: wave.jobs.map((job) => job.name) });
  const pending = pendingOf(run.bucket);
  const plans: PlannedJob[] = [];
  for (const job of wave.jobs) await planInto(plans, run, job, options, pending);
  storePlans(run, plans);
  for (const plan of plans) if (!isRequired(plan)) skip(run, plan);
  return plans.filter(isRequired);
}

/** Whether nobody objects to a wave; if somebody does, its jobs fail and are left as they are. */
async function isPermitted(run: Run, wave: Wave, plans: readonly PlannedJob[]): Promise<boolean> {
  try {
    await run.bucket.hooks.wave.promise(waveContext(run, wave.deploymentSeq, plans));
    return true;
  } catch (cause) {
    for (const plan of plans) {
      run.ledger.failJob(plan.job.name, cause);
      markSkipped(run, plan, cause);
    }
    return false;
  }
}

async function planInto(
  plans: PlannedJob[],
  run: Run,
  job: Wave["jobs"][number],
  options: DeployOptions,
  pending: Pending,
): Promise<void> {
  const by = blockedBy(run, job);
  const failed = run.ledger.failed(job.name); // while it was reconciled: it is not rolled out on top of that
  try {
    if (by === undefined && !failed) await run.bucket.hooks.before.promise(scopedJobContext(run, job));
    const plan = await planJob(run, job, options, pending);
    if (failed) markSkipped(run, plan);
    else if (by === undefined || !isRequired(plan)) plans.push(plan);
    else block(run, plan, by);
  } catch (cause) {
    run.ledger.failJob(job.name, cause);
  }
}

/** A job that waits for another one is left as it is; only what would have been done counts as blocked. */
function block(run: Run, { job, allocations }: PlannedJob, by: string): void {
  run.ledger.block(job.name, by);
  for (const { allocation, decision } of allocations) {
    if (decision.action !== "skip") run.ledger.note(job.name, allocation.host, decision.action, "blocked", false);
  }
  run.reporter.emit("job.blocked", { job: job.name, by });
}

function skip(run: Run, plan: PlannedJob): void {
  for (const { allocation } of plan.allocations)
    run.ledger.note(plan.job.name, allocation.host, "skip", "skipped", true);
  run.reporter.emit("job.skipped", { job: plan.job.name, reason: "already promoted on all allocations" });
}

/** The plan is written down before it is acted on; only what differs from the last one. */
function storePlans(run: Run, plans: readonly PlannedJob[]): void {
  const { store } = run.bucket;
  const before = store.promoted.planned();
  store.transaction(() => {
    for (const { job, allocations } of plans) {
      const source = treeDigest(job.files);
      for (const { allocation, target } of allocations) {
        const known = before.get(allocation.id);
        if (known?.digest !== target.digest || known.source !== source)
          store.promoted.plan(allocation.id, { digest: target.digest, source });
      }
    }
  });
}

async function refuseImpossible(run: Run, waves: readonly Wave[], options: DeployOptions): Promise<void> {
  if (!options.syncOnly) return;
  const pending = pendingOf(run.bucket);
  const plans: PlannedJob[] = [];
  for (const job of waves.flatMap((wave) => wave.jobs))
    await planJob(run, job, options, pending).then(
      (plan) => plans.push(plan),
      () => undefined, // its wave says why it cannot be planned
    );
  refuseStarts(plans, options);
}

/** Workers this run reached, or whose last delivery is in doubt, are told what is on them if they know otherwise. */
async function refreshMetadata(run: Run, stager: Stager): Promise<void> {
  run.refresh();
  const stale = run.catalog.workers.filter((worker) => {
    const delivery = run.delivery(worker.host);
    if (delivery === undefined || stager.failed(worker.host)) return false;
    return (
      delivery.metadata === undefined ||
      (run.connections.reached(worker.host) && delivery.metadata !== metadataOf(run, worker, 0).digest)
    );
  });
  const told = await Promise.allSettled(stale.map((worker) => stager.stageMetadata(worker)));
  for (const [at, result] of told.entries()) {
    if (result.status === "rejected")
      run.ledger.warn(`${stale[at]?.host} could not be told what is on it: ${asMaandError(result.reason).message}`);
  }
}

/** Whatever happened: the summary is made, told, and stored. */
async function commit(run: Run): Promise<Summary> {
  const { bucket, reporter, ledger } = run;
  if (bucket.signal.aborted) ledger.interrupt();
  try {
    const told = bucket.mask.conceal(ledger.summary()); // a plugin may carry it anywhere
    await bucket.hooks.commit.promise(Object.freeze({ ...reporter.context({}), summary: told }));
  } catch (cause) {
    ledger.warn(asMaandError(cause).message);
  }
  const summary = ledger.summary();
  bucket.store.transaction(() => {
    bucket.store.journal.finishRun(run.number, summary.outcome, run.at());
    bucket.store.journal.trim(RUNS_KEPT);
    if (summary.allocations.some(({ outcome }) => outcome !== "skipped")) bucket.store.sweepPromotions();
  });
  reporter.emit("run.finished", {
    ...summaryRecord(summary),
    duration_ms: bucket.now().getTime() - reporter.startedAt.getTime(),
  });
  return summary;
}
