import { MaandError } from "@maand/core";
import { type Bucket, beginRun, type Run, registerSecrets } from "@maand/core/operator";
import { error, problemsError, progressText, selectWorkers } from "@maand/core/readonly";
import { userName } from "@maand/core/toolbox";
import { abortWorkers } from "./abort.ts";
import { conclude, conduct, type MaintenanceReport } from "./conduct.ts";
import { mustBeAdmitted } from "./domain/remaining.ts";
import type { MaintenanceRequest } from "./domain/request.ts";
import { releaseWorker } from "./release-worker.ts";
import { Session } from "./session.ts";

/** A maintenance to begin. */
export interface MaintenanceOptions {
  /** Workers as typed: hosts, hostnames, labels, zones; at least one. */
  readonly workers: readonly string[];
  /** The flag that they were typed with, for messages. */
  readonly flag: string;
  readonly request: MaintenanceRequest;
  readonly ignoreBudget: boolean;
}

/**
 * Maintains workers: drains each within the availability budget of its jobs, runs the command, reboots it, and starts
 * the stopped jobs. Each phase is recorded before it begins, so {@link resumeMaintenance} can continue after a crash or
 * interruption of this run. Throws USAGE and PROBLEMS before anything is stopped; failures of workers are in the
 * report.
 */
export async function startMaintenance(bucket: Bucket, options: MaintenanceOptions): Promise<MaintenanceReport> {
  return withRun(bucket, "maintain", async (run) => {
    refuseOpen(run);
    const hosts = chosenHosts(run, options);
    const { request } = options;
    const { command } = request;
    bucket.store.maintenance.begin({
      ...{ id: run.reporter.id, request: JSON.stringify(request), startedAt: run.at(), startedBy: userName(), hosts },
      ...(command === undefined ? {} : { shownCommand: bucket.mask.conceal({ command }).command }),
    });
    return conductOpen(run, options.ignoreBudget);
  });
}

/** The options for continuing maintenance: settings that replace the original settings. */
export interface ResumeOptions
  extends Partial<Pick<MaintenanceRequest, "concurrency" | "onFailure" | "returnMs" | "commandMs">> {
  readonly ignoreBudget: boolean;
}

/** Carries out the remaining steps of the maintenance in progress. Throws PROBLEMS if no maintenance is in progress. */
export async function resumeMaintenance(bucket: Bucket, options: ResumeOptions): Promise<MaintenanceReport> {
  const { ignoreBudget, ...settings } = options;
  return withRun(bucket, "maintain resume", (run) => conductOpen(run, ignoreBudget, settings));
}

/**
 * Ends the maintenance in progress: starts exactly the jobs that it stopped, and skips workers that it did not begin.
 * Always ends the maintenance. The next deploy starts the jobs that could not be started. Throws PROBLEMS if no
 * maintenance is in progress.
 */
export async function abortMaintenance(bucket: Bucket): Promise<MaintenanceReport> {
  return withRun(bucket, "maintain abort", async (run) => {
    const session = new Session(run, openOne(run));
    const message = await abortWorkers(session);
    return conclude(session, message, !bucket.signal.aborted);
  });
}

async function conductOpen(
  run: Run,
  ignoreBudget: boolean,
  settings: Partial<MaintenanceRequest> = {},
): Promise<MaintenanceReport> {
  const stored = openOne(run);
  const session = new Session(run, stored, settings);
  run.budget.isIgnored = ignoreBudget;
  // drop unused grants of earlier runs, so that they do not block other workers
  for (const worker of session.workers) if (mustBeAdmitted(worker)) releaseWorker(session, worker.host);
  return conclude(session, await conduct(session));
}

/** Takes the lock, and stores the outcome of the run. */
async function withRun(
  bucket: Bucket,
  command: string,
  work: (run: Run) => Promise<MaintenanceReport>,
): Promise<MaintenanceReport> {
  const run = beginRun(bucket, command);
  let outcome = "refused";
  try {
    registerSecrets(bucket);
    const report = await work(run);
    outcome = report.outcome;
    bucket.store.history.touch(run.fence.number, { jobs: [], workers: report.workers.map(({ host }) => host) });
    return report;
  } finally {
    bucket.store.journal.finishRun(run.number, outcome, run.at());
    await run.end();
  }
}

function refuseOpen({ bucket }: Run): void {
  const open = bucket.store.maintenance.open();
  if (!open) return;
  const message = `maintenance ${open.number} is not over: ${progressText(open.workers)}`;
  const hint = "maand maintain resume continues it, maand maintain abort ends it and starts what it stopped";
  throw problemsError([error("maintenance_open", "maand maintain", message, hint)]);
}

function openOne({ bucket }: Run) {
  const open = bucket.store.maintenance.open();
  if (open) return open;
  const hint = "maand maintain --workers a,b --reboot starts one";
  throw problemsError([error("no_maintenance", "maand maintain", "no maintenance is in progress", hint)]);
}

function chosenHosts({ catalog }: Run, { workers, flag }: MaintenanceOptions): string[] {
  if (workers.length === 0)
    throw new MaandError({
      code: "USAGE",
      message: "no workers are selected",
      hint: "use --workers 10.0.0.1,10.0.0.2 or --labels web",
    });
  return selectWorkers(catalog.workers, flag, workers).map(({ worker }) => worker.host);
}
