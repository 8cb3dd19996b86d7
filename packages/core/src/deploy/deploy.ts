import pLimit from "p-limit";
import type { Maand } from "../bucket/bucket.ts";
import { asMaandError, stopIfInterrupted } from "../bucket/outcome.ts";
import { treeDigest } from "../domain/deploy/digest.ts";
import { blockedBy, type DeployWish, refuseStarts, type Wave, wavesOf } from "../plan/plan-deploy.ts";
import { isRequired, type Pending, type PlannedJob, pendingOf, planJob } from "../plan/plan-job.ts";
import { beginRun, type Run } from "../run/run.ts";
import { actingContext } from "../run/scope/acting-context.ts";
import { type Summary, summaryRecord } from "../summary.ts";
import { reconcile } from "./reconcile.ts";
import { leaveTheRest } from "./rollout/mark-skipped.ts";
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
export async function deploy(maand: Maand, wish: DeployWish): Promise<Summary> {
  const run = beginRun(maand, "deploy");
  try {
    const waves = await refusable(run, wish);
    await phases(run, waves, wish);
    return await commit(run);
  } finally {
    await run.end();
  }
}

/** The waves of a wish that can be done; what cannot is refused while nothing was touched. */
async function refusable(run: Run, wish: DeployWish): Promise<Wave[]> {
  try {
    const waves = wavesOf(run, wish);
    await refuseImpossible(run, waves, wish);
    const { hooks, now } = run.maand;
    await hooks.begin.promise(Object.freeze({ ...run.frame.context({}), now, jobs: wish.jobs }));
    return waves;
  } catch (cause) {
    run.maand.store.journal.finishRun(run.number, "refused", run.at());
    throw cause;
  }
}

async function phases(run: Run, waves: readonly Wave[], wish: DeployWish): Promise<void> {
  const stager = new Stager(run);
  try {
    await reconcile(run);
    for (const wave of waves) {
      stopIfInterrupted(run.maand.signal);
      const plans = await planWave(run, wave, wish);
      if (plans.length === 0 || !(await isPermitted(run, wave, plans))) continue;
      await stager.stageWave(plans);
      const side = pLimit(run.maand.settings.maxConcurrentJobs);
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
async function planWave(run: Run, wave: Wave, wish: DeployWish): Promise<PlannedJob[]> {
  run.refresh();
  run.frame.emit("wave.started", { deployment_seq: wave.deploymentSeq, jobs: wave.jobs.map((job) => job.name) });
  const pending = pendingOf(run.maand);
  const plans: PlannedJob[] = [];
  for (const job of wave.jobs) await planInto(plans, run, job, wish, pending);
  remember(run, plans);
  for (const plan of plans) if (!isRequired(plan)) skip(run, plan);
  return plans.filter(isRequired);
}

/** Whether nobody objects to a wave; if somebody does, its jobs fail and are left as they are. */
async function isPermitted(run: Run, wave: Wave, plans: readonly PlannedJob[]): Promise<boolean> {
  try {
    await run.maand.hooks.wave.promise(waveContext(run, wave.deploymentSeq, plans));
    return true;
  } catch (cause) {
    for (const plan of plans) {
      run.ledger.failJob(plan.job.name, cause);
      leaveTheRest(run, plan, cause);
    }
    return false;
  }
}

async function planInto(
  plans: PlannedJob[],
  run: Run,
  job: Wave["jobs"][number],
  wish: DeployWish,
  pending: Pending,
): Promise<void> {
  const by = blockedBy(run, job);
  const failed = run.ledger.failed(job.name); // while it was reconciled: it is not rolled out on top of that
  try {
    if (by === undefined && !failed) await run.maand.hooks.before.promise(actingContext(run, job));
    const plan = await planJob(run, job, wish, pending);
    if (failed) leaveTheRest(run, plan);
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
  run.frame.emit("job.blocked", { job: job.name, by });
}

function skip(run: Run, plan: PlannedJob): void {
  for (const { allocation } of plan.allocations)
    run.ledger.note(plan.job.name, allocation.host, "skip", "skipped", true);
  run.frame.emit("job.skipped", { job: plan.job.name, reason: "already promoted on all allocations" });
}

/** The plan is written down before it is acted on; only what differs from the last one. */
function remember(run: Run, plans: readonly PlannedJob[]): void {
  const { store } = run.maand;
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

async function refuseImpossible(run: Run, waves: readonly Wave[], wish: DeployWish): Promise<void> {
  if (!wish.syncOnly) return;
  const pending = pendingOf(run.maand);
  const plans: PlannedJob[] = [];
  for (const job of waves.flatMap((wave) => wave.jobs))
    await planJob(run, job, wish, pending).then(
      (plan) => plans.push(plan),
      () => undefined, // its wave says why it cannot be planned
    );
  refuseStarts(plans, wish);
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
  const { maand, frame, ledger } = run;
  if (maand.signal.aborted) ledger.interrupt();
  try {
    const told = maand.mask.conceal(ledger.summary()); // a plugin may carry it anywhere
    await maand.hooks.commit.promise(Object.freeze({ ...frame.context({}), summary: told }));
  } catch (cause) {
    ledger.warn(asMaandError(cause).message);
  }
  const summary = ledger.summary();
  maand.store.transaction(() => {
    maand.store.journal.finishRun(run.number, summary.outcome, run.at());
    maand.store.journal.trim(RUNS_KEPT);
    if (summary.allocations.some(({ outcome }) => outcome !== "skipped")) maand.store.sweepPromotions();
  });
  frame.emit("run.finished", {
    ...summaryRecord(summary),
    duration_ms: maand.now().getTime() - frame.startedAt.getTime(),
  });
  return summary;
}
