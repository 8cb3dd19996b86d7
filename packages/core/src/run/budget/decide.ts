import type { DowntimeRecordKind } from "../../domain/budget/away.ts";
import { budgetOf } from "../../domain/budget/budget.ts";
import { type DowntimeKind, type DowntimeUnit, decideDowntime, isLimited } from "../../domain/budget/downtime.ts";
import { type Exclusions, exclusionRefusal, exclusionsOf, type UnderWay } from "../../domain/budget/never-with.ts";
import { type DowntimeRefusal, refusalHint, refusalText } from "../../domain/budget/refusal-text.ts";
import { MaandError } from "../../errors.ts";
import { userName } from "../../workspace/authorship.ts";
import type { ScopeSource } from "../scope/contexts.ts";
import { readJobStates } from "./job-states.ts";

/** A request to take allocations down. */
export interface DowntimeRequest {
  readonly kind: DowntimeKind;
  /** What goes down, in order of preference. */
  readonly units: readonly DowntimeUnit[];
  /** The command behind the change, such as `maand job restart`; refusals of other requests name it. */
  readonly by: string;
  /**
   * Records the granted units until they are settled, so that downtime counts even if the command is killed. Absent for
   * a deploy, because its journal has the same records.
   */
  readonly recordAs?: DowntimeRecordKind;
  /**
   * Checks health and connections again for this request. Otherwise, a job with a written budget is checked once in a
   * run, and for any other job only the records count.
   */
  readonly isFresh?: boolean;
  /**
   * Whether the operator requested to take the whole job down, or named the allocations to stop. The budget never
   * refuses such a request, but the request is recorded.
   */
  readonly isExplicit?: boolean;
}

/** A unit that must not go down now. */
export interface RefusedUnit {
  readonly unit: DowntimeUnit;
  readonly refusal: DowntimeRefusal;
  /** BUDGET_EXCEEDED; its message is the sentence that names what uses the budget. */
  readonly error: MaandError;
}

/** The result of a request. Granted units count as unavailable until they are settled. */
export interface DowntimeAnswer {
  readonly granted: readonly DowntimeUnit[];
  readonly refused: readonly RefusedUnit[];
}

/**
 * Decides from the records and from what the run has seen, without a check, and records granted units as down. Reading,
 * deciding and recording are one atomic step, so that no other command decides in between.
 */
export function decideNow(run: ScopeSource, request: DowntimeRequest): DowntimeAnswer {
  const { kind, units, recordAs } = request;
  const names = jobsOf(units);
  if (recordAs === undefined && !isDecided(run, kind, names)) return { granted: units, refused: [] };
  return run.bucket.store.transaction(() =>
    decideAndRecord(run, request, {
      limited: limitedOf(run, request),
      exclusions: exclusionsOf([...run.jobs.values()]),
    }),
  );
}

/** The jobs of a request whose budgets limit it. */
export function limitedOf(run: ScopeSource, { kind, units, isExplicit = false }: DowntimeRequest): string[] {
  return isExplicit ? [] : jobsOf(units).filter((name) => isLimitedJob(run, kind, name));
}

function jobsOf(units: readonly DowntimeUnit[]): string[] {
  return [...new Set(units.flatMap(({ jobs }) => jobs))];
}

/** Whether a request for these jobs can be refused. Otherwise, the request is unnecessary. */
export function isDecided(run: ScopeSource, kind: DowntimeKind, names: readonly string[]): boolean {
  if (names.some((name) => isLimitedJob(run, kind, name))) return true;
  const exclusions = exclusionsOf([...run.jobs.values()]);
  return names.some((name) => exclusions.has(name));
}

/** Reports units that a command has left unchanged. */
export function reportRefused(
  run: Pick<ScopeSource, "reporter" | "budget">,
  refused: readonly Omit<RefusedUnit, "refusal">[],
): void {
  for (const { unit, error } of refused) report(run, "budget.refused", unit, error);
}

/**
 * Removes these allocations from the state of the run. The records in the store then decide whether they are
 * unavailable.
 */
export function leaveToRecords({ budget }: Pick<ScopeSource, "budget">, units: readonly DowntimeUnit[]): void {
  for (const { host, jobs } of units) for (const job of jobs) budget.bringBack(job, host);
}

/** Records that allocations that were taken down are healthy again, so they no longer count. */
export function settle(run: ScopeSource, units: readonly DowntimeUnit[]): void {
  for (const { host, jobs } of units)
    for (const job of jobs) {
      run.budget.bringBack(job, host);
      run.budget.saw(job, host, "healthy");
    }
  const ids = new Set(units.flatMap((unit) => idsOf(run, unit)));
  const recorded = run.bucket.store.downtimes.all().filter(({ allocation }) => ids.has(allocation));
  if (recorded.length > 0) run.bucket.store.downtimes.release([...ids]);
}

/**
 * Records that a job is being rolled out or maintained, until the returned function is called. In the meantime,
 * requests for jobs that exclude it (`never_with`) are refused.
 */
export function beginChange({ budget }: Pick<ScopeSource, "budget">, change: UnderWay): () => void {
  budget.underWay.add(change);
  return () => void budget.underWay.delete(change);
}

/** Throws BUDGET_EXCEEDED if a job that excludes this job is being changed. Used for changes without downtime. */
export function refuseExcluded(run: ScopeSource, job: string): void {
  const exclusions = exclusionsOf([...run.jobs.values()]);
  const refusal = exclusionRefusal([job], exclusions, changesUnderWay(run, [job], exclusions));
  if (!refusal) return;
  const error = refusalError(refusal);
  if (!run.budget.isIgnored) throw error;
  report(run, "budget.ignored", { host: null, jobs: [job] }, error);
}

function isLimitedJob({ jobs, allocationsOf }: ScopeSource, kind: DowntimeKind, name: string): boolean {
  const job = jobs.get(name);
  return job !== undefined && isLimited(kind, budgetOf(job, allocationsOf.get(name)?.length ?? 0));
}

interface DecisionBasis {
  readonly limited: readonly string[];
  readonly exclusions: Exclusions;
}

function decideAndRecord(
  run: ScopeSource,
  request: DowntimeRequest,
  { limited, exclusions }: DecisionBasis,
): DowntimeAnswer {
  const { jobs } = readJobStates(run, limited);
  const decided = decideDowntime(request.kind, request.units, jobs);
  const names = request.units.flatMap(({ jobs }) => jobs);
  const underWay = request.isExplicit ? [] : changesUnderWay(run, names, exclusions);
  const excluded = decided.granted.flatMap((unit) => {
    const refusal = exclusionRefusal(unit.jobs, exclusions, underWay);
    return refusal ? [{ unit, refusal }] : [];
  });
  const refused = [...decided.refused, ...excluded].map(({ unit, refusal }) => refusedUnit(unit, refusal));
  const ignored = run.budget.isIgnored ? refused.splice(0) : [];
  for (const { unit, error } of ignored) report(run, "budget.ignored", unit, error);
  const without = new Set(refused.map(({ unit }) => unit));
  const granted = request.units.filter((unit) => !without.has(unit));
  record(run, request, granted);
  return { granted, refused };
}

/** The jobs that this run changes, that have an incomplete staged rollout, or that another command maintains. */
function changesUnderWay(run: ScopeSource, names: readonly string[], exclusions: Exclusions): UnderWay[] {
  if (!names.some((name) => exclusions.has(name))) return [];
  const { store } = run.bucket;
  const byId = new Map(run.catalog.allocations.map((allocation) => [allocation.id, allocation]));
  const rollouts = store.rollouts.all().map(({ job }) => ({ job, what: "a staged rollout" }));
  const maintained = store.downtimes.all().flatMap(({ allocation, kind, by }) => {
    const found = kind === "maintenance" ? byId.get(allocation) : undefined;
    return found ? [{ job: found.job, what: by }] : [];
  });
  return [...run.budget.underWay, ...rollouts, ...maintained];
}

function record(run: ScopeSource, { recordAs, by }: DowntimeRequest, granted: readonly DowntimeUnit[]): void {
  for (const { host, jobs } of granted) for (const job of jobs) run.budget.takeDown(job, host, by);
  if (recordAs === undefined) return;
  const since = run.bucket.now().toISOString();
  const ids = granted.flatMap((unit) => idsOf(run, unit));
  const user = userName();
  run.bucket.store.downtimes.add(ids.map((allocation) => ({ allocation, kind: recordAs, by, since, user })));
}

function idsOf({ allocationsOn }: ScopeSource, { host, jobs }: DowntimeUnit): string[] {
  return jobs.flatMap((job) => allocationsOn.get(host)?.find((one) => one.job === job)?.id ?? []);
}

function refusedUnit(unit: DowntimeUnit, refusal: DowntimeRefusal): RefusedUnit {
  return { unit, refusal, error: refusalError(refusal, unit.host) };
}

function refusalError(refusal: DowntimeRefusal, worker?: string): MaandError {
  const [message, hint] = [refusalText(refusal), refusalHint(refusal)];
  return new MaandError({ code: "BUDGET_EXCEEDED", message, hint, ...(worker === undefined ? {} : { worker }) });
}

function report(
  { reporter, budget }: Pick<ScopeSource, "reporter" | "budget">,
  type: "budget.refused" | "budget.ignored",
  { host, jobs }: { readonly host: string | null; readonly jobs: readonly string[] },
  { message, hint }: MaandError,
): void {
  if (type === "budget.ignored") budget.ignored.add(message);
  reporter.emit(type, { worker: host, jobs, message, hint: hint ?? null });
}
