import pLimit from "p-limit";
import type { Bucket } from "../bucket/bucket.ts";
import { asMaandError } from "../bucket/error-outcome.ts";
import { unbuiltParts } from "../bucket/unbuilt.ts";
import type { ChangedReleases } from "../build/change-releases.ts";
import { unbuiltText } from "../domain/checks/unbuilt-text.ts";
import type { DeployCause } from "../domain/deploy/deploy-reason.ts";
import { heldTexts } from "../domain/release/held-texts.ts";
import type { MaandError } from "../errors.ts";
import type { EventMap } from "../events.ts";
import { editsOf } from "../plan/drift/find-repairs.ts";
import type { PlanApproval } from "../plan/plan-approval.ts";
import type { DeployOptions } from "../plan/plan-deploy.ts";
import { planWave, refuseStarts } from "../plan/plan-wave.ts";
import { type Wave, wavesOf } from "../plan/waves.ts";
import { limitTo, type WorkerLimit } from "../plan/worker-limit.ts";
import { isSameForAll } from "../plugin-api/tapping/tap-by-name.ts";
import { Ledger } from "../run/ledger.ts";
import { beginRun, type Run } from "../run/run.ts";
import { type Outcome, type Summary, summaryRecord } from "../run-result.ts";
import type { Touched } from "../store/fence/history-rows.ts";
import { maintenanceTexts } from "../store/views/maintenance.ts";
import { commitContext } from "./commit-context.ts";
import { deployWave } from "./deploy-wave.ts";
import { recordLeftBehind, withoutUnreachable } from "./left-behind.ts";
import { movedWarnings } from "./stage/moved-root.ts";
import { refreshMetadata } from "./stage/refresh-metadata.ts";
import { Stager } from "./stage/stage.ts";
import { stopAndRemove } from "./stop-and-remove.ts";
import { beginRepairs, finishRepairs } from "./verify.ts";

/** The number of runs whose settled journal rows are kept. */
const RUNS_KEPT = 50;

/**
 * Deploys the catalog to the workers. It stops removed and disabled allocations first. Then it syncs and rolls out the
 * changes, wave by wave. Partial success is kept: the next deploy resumes where this run ended. Throws BUSY, or the
 * error that refuses the deploy before it changes anything: invalid options, too many unreachable workers, or a `begin`
 * hook. Failures of jobs and workers are in the summary. An unexpected error is thrown after the results are stored.
 */
export async function deploy(bucket: Bucket, options: DeployOptions): Promise<Summary> {
  return deployWith(bucket, "deploy", async () => ({ options, change: undefined, reversed: false }));
}

/** What a run deploys. */
export interface Request {
  readonly options: DeployOptions;
  /** Other releases of some jobs, stored as the desired state before the deploy changes any worker. */
  readonly change: ChangedReleases | undefined;
  /** Stores additional data in the same transaction as `change`. */
  readonly store?: () => void;
  readonly reason?: DeployCause;
  /** Whether to deploy the last wave first, and only touch the selected jobs. */
  readonly reversed: boolean;
  /** Checks the deploy against the saved plan that it carries out. */
  readonly approval?: PlanApproval;
}

/** Runs a command that deploys. It takes the lock, resolves the request, and carries it out. */
export async function deployWith(
  bucket: Bucket,
  command: "deploy" | "rollback" | "rollout resume" | "rollout abort",
  resolve: (run: Run) => Promise<Request>,
): Promise<Summary> {
  const run = beginRun(bucket, command);
  try {
    const { request, waves, limit } = await admit(run, resolve);
    const { options, reversed, approval } = request;
    run.budget.isIgnored = options.ignoreBudget === true;
    warnOfUnbuilt(run);
    for (const { text } of heldTexts(run.catalog, options.jobs)) run.ledger.warn(text);
    for (const text of maintenanceTexts(bucket.store)) run.ledger.warn(text);
    for (const warning of movedWarnings(run)) run.ledger.warn(warning);
    const oneRevert = pLimit(1);
    const crash = await ending(run, async (stager) => {
      const found =
        options.verify && (await beginRepairs(run, waves, { mode: options.verify, again: options.repairAgain, limit }));
      if (found) stager.repairs = found.allocations;
      const edits = editsOf(found || undefined);
      await stopAndRemove(run, { only: reversed ? options.jobs : [], limit });
      for (const wave of waves)
        await deployWave(run, stager, wave, { ...options, edits, limit, reversed, oneRevert, approval });
      await refreshMetadata(run, stager, limit);
      if (found) finishRepairs(run, found, stager);
    });
    const summary = await commit(run);
    if (crash) throw crash;
    return summary;
  } finally {
    await run.end();
  }
}

/**
 * Resolves the request, stores its change, and returns the waves to deploy. Throws for invalid options, too many
 * unreachable workers or an unusable saved plan, or if a `begin` hook refuses the deploy. In these cases, no release
 * was stored and no worker was changed.
 */
async function admit(
  run: Run,
  resolve: (run: Run) => Promise<Request>,
): Promise<{ request: Request; waves: Wave[]; limit: WorkerLimit | undefined }> {
  const { hooks, now } = run.bucket;
  try {
    const request = await resolve(run);
    const { options, change, reason, reversed, approval } = request;
    if (change || reason) run.adopt(change?.catalog ?? run.catalog, reason);
    const waves = wavesOf(run, options.jobs, reversed);
    const chosen = limitTo(run, options.workers);
    const limit =
      options.maxUnreachable === undefined
        ? chosen
        : await withoutUnreachable(run, { waves, limit: chosen, most: options.maxUnreachable });
    if (options.syncOnly) await refuseSyncOnly(run, waves, options, limit);
    await hooks.begin.promise(
      Object.freeze({ ...run.reporter.context({}), now, jobs: options.jobs, plan: approval?.digest }),
    );
    approval?.consume(run.number);
    if (change || request.store)
      run.bucket.store.transaction(() => {
        change?.store();
        request.store?.();
      });
    return { request, waves, limit };
  } catch (cause) {
    await refuse(run, asMaandError(cause));
    throw cause;
  }
}

/** Ends a run that has not changed anything. */
async function refuse(run: Run, { code, message, hint }: MaandError): Promise<void> {
  const refusal = { code, message, ...(hint === undefined ? {} : { hint }) };
  await notifyPlugins(run, { ...run.ledger.summary(), outcome: "refused", refusal });
  run.bucket.store.journal.finishRun(run.number, "refused", run.at());
  reportEnd(run, { outcome: "refused", message });
}

/** Reports workspace changes that were not built, and therefore are not deployed. The summary contains them too. */
function warnOfUnbuilt({ bucket, ledger, reporter }: Run): void {
  const parts = unbuiltParts(bucket);
  ledger.noteUnbuilt(parts);
  if (parts.length === 0) return;
  const message = `${unbuiltText(parts)}; this deploys the last build`;
  reporter.emit("warning", { code: "unbuilt_changes", message, job: null, worker: null });
}

/** Refuses `--sync-only` if a job must be started. A job that cannot be planned is reported later, with its wave. */
async function refuseSyncOnly(
  run: Run,
  waves: readonly Wave[],
  options: DeployOptions,
  limit: WorkerLimit | undefined,
): Promise<void> {
  const trial = { ...run, ledger: new Ledger() };
  const plans = [];
  for (const wave of waves) plans.push(...(await planWave(trial, wave, options, { limit })));
  refuseStarts(plans, options);
}

/** Runs the phases that touch workers. Returns the error that ended them early, unless it is an interruption. */
async function ending(run: Run, phases: (stager: Stager) => Promise<void>): Promise<MaandError | undefined> {
  const stager = new Stager(run);
  try {
    await phases(stager);
    return undefined;
  } catch (cause) {
    run.ledger.interrupt();
    const error = asMaandError(cause);
    return error.code === "INTERRUPTED" ? undefined : error;
  } finally {
    for (const warning of stager.warnings()) run.ledger.warn(warning);
    for (const sentence of run.budget.ignored) run.ledger.warn(`ignored by --ignore-budget: ${sentence}`);
  }
}

/** Passes the summary to plugins, and stores the results of the run, whatever its outcome. */
async function commit(run: Run): Promise<Summary> {
  const { bucket, ledger } = run;
  if (bucket.signal.aborted) ledger.interrupt();
  await notifyPlugins(run, ledger.summary());
  const summary = ledger.summary();
  bucket.store.transaction(() => {
    recordLeftBehind(run);
    bucket.store.history.touch(run.fence.number, touchedBy(summary));
    bucket.store.journal.finishRun(run.number, summary.outcome, run.at());
    bucket.store.journal.trim(RUNS_KEPT);
    bucket.store.releases.trim(RUNS_KEPT);
    bucket.store.settled.note(settleable(run));
    if (summary.allocations.some(({ outcome }) => outcome !== "skipped")) bucket.store.sweepPromotions();
  });
  reportEnd(run, { outcome: summary.outcome, message: null });
  return summary;
}

/**
 * The jobs whose allocations all get the same files. Only for these jobs does a single digest show whether anything is
 * left to do.
 */
function settleable({ bucket, catalog }: Run): string[] {
  return catalog.jobs.filter((job) => isSameForAll(bucket.hooks.render, job)).map(({ name }) => name);
}

/** Outcomes of allocations on which a deploy did nothing. */
const UNTOUCHED: readonly Outcome[] = ["skipped", "blocked", "paused"];

/** The jobs and workers of the allocations that the deploy changed or tried to change. */
function touchedBy({ allocations }: Summary): Touched {
  const done = allocations.filter(({ outcome }) => !UNTOUCHED.includes(outcome));
  return { jobs: [...new Set(done.map(({ job }) => job))], workers: [...new Set(done.map(({ host }) => host))] };
}

/** Calls the `commit` hook. A failure is only a warning, because it can no longer change the result. */
async function notifyPlugins(run: Run, summary: Summary): Promise<void> {
  const { commit } = run.bucket.hooks;
  if (!commit.isUsed()) return;
  try {
    await commit.promise(commitContext(run, summary));
  } catch (cause) {
    run.ledger.warn(asMaandError(cause).message);
  }
}

type RunEnd = Pick<EventMap["run.finished"], "outcome" | "message">;

/** The last event of a run, whatever its outcome. */
function reportEnd({ reporter, ledger, bucket }: Run, end: RunEnd): void {
  const duration_ms = bucket.now().getTime() - reporter.startedAt.getTime();
  reporter.emit("run.finished", { ...summaryRecord(ledger.summary()), ...end, duration_ms });
}
