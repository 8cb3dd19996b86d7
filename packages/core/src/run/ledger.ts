import { asMaandError, outcomeOf } from "../bucket/error-outcome.ts";
import type { ErrorCode } from "../errors.ts";
import { isMaandError } from "../errors.ts";
import type { AllocationResult, JobFailure, Outcome, PausedRollout, Summary } from "../run-result.ts";

/** The results of a run so far. The summary and the blocking of jobs are based on it. */
export class Ledger {
  readonly #results = new Map<string, AllocationResult>();
  /** Hosts of each job whose allocations need nothing. A large fleet has very many of them. */
  readonly #unchanged = new Map<string, readonly string[]>();
  readonly #unchangedIndex = new WeakMap<readonly string[], ReadonlySet<string>>();
  readonly #leaders = new Map<string, string>();
  /** Hosts of each job that failed or were left unchanged. Hosts with pending cleanup are not included. */
  readonly #failedHosts = new Map<string, Set<string>>();
  /** Jobs with the result of at least one allocation. */
  readonly #withResults = new Set<string>();
  /** Hosts of each job where a removed allocation could not be stopped. */
  readonly #unstopped = new Map<string, Set<string>>();
  readonly #failures: JobFailure[] = [];
  readonly #reverts = new Map<string, "reverted" | "revert_failed">();
  readonly #blocked: { readonly job: string; readonly by: string }[] = [];
  readonly #paused: PausedRollout[] = [];
  readonly #warnings: string[] = [];
  #unbuilt: readonly string[] = [];
  #interrupted = false;

  /**
   * Records the result of an allocation. A later result replaces an earlier one, with two exceptions: "nothing to do"
   * does not replace another result, and a stop followed by a promotion counts as both.
   */
  note(job: string, host: string, action: string, outcome: Outcome, promoted: boolean): void {
    const before = this.#results.get(`${job}|${host}`);
    if (outcome === "skipped" && before) return;
    const whole = before?.action === "stop" && action === "promote" ? "stop+promote" : action;
    this.#set({ job, host, action: whole, outcome, promoted });
  }

  /**
   * Records that allocations of a job need no action. Other results of these allocations, earlier or later, take
   * precedence.
   */
  noteUnchanged(job: string, hosts: readonly string[]): void {
    if (hosts.length > 0) this.#unchanged.set(job, hosts);
  }

  /**
   * Records that a plugin rolled out an allocation without `rollOut`. Later results of the allocation name the plugin
   * instead of an action.
   */
  noteLeader(job: string, host: string, plugin: string): void {
    this.#leaders.set(`${job}|${host}`, plugin);
  }

  /** Records that an allocation failed, with the reason. */
  fail(job: string, host: string, action: string, cause: unknown, promoted = false): void {
    const error = asMaandError(cause);
    if (error.code === "INTERRUPTED") this.#interrupted = true;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    const output = error.output.length > 0 ? { output: error.output } : {};
    this.#set({ job, host, action, outcome: outcomeOf(cause), promoted, message: error.message, ...hint, ...output });
  }

  /**
   * Records that a removed allocation could not be stopped. Its job must not be started on another worker until the
   * allocation is stopped.
   */
  failStop(job: string, host: string, action: string, cause: unknown): void {
    this.fail(job, host, action, cause);
    this.#unstopped.set(job, (this.#unstopped.get(job) ?? new Set()).add(host));
  }

  /**
   * Records that a removed or stopped allocation could not be cleaned up. The failure is reported, and does not block
   * the remaining allocations.
   */
  addPendingCleanup(job: string, host: string, action: string, cause: unknown): void {
    this.fail(job, host, action, cause);
    this.#failedHosts.get(job)?.delete(host);
  }

  /** Records that a job as a whole failed. */
  failJob(job: string, cause: unknown): void {
    const error = asMaandError(cause);
    if (error.code === "INTERRUPTED") {
      this.#interrupted = true;
      return;
    }
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    const output = error.output.length > 0 ? { output: error.output } : {};
    this.#failures.push({ job, code: error.code, message: error.message, ...hint, ...output });
  }

  /** Records that the failed rollout of a job was undone, or could not be undone. */
  noteRevert(job: string, outcome: "reverted" | "revert_failed"): void {
    this.#reverts.set(job, outcome);
  }

  /**
   * Takes over the results of a revert for the allocations of a job. Allocations that the revert only synced had not
   * been changed by the rollout.
   */
  takeReverted(job: string, { summary }: { readonly summary: Pick<Summary, "allocations"> }): void {
    for (const result of summary.allocations) {
      if (result.job !== job || result.outcome === "skipped" || result.action === "sync") continue;
      if (result.outcome === "ok") this.note(job, result.host, REVERTED[result.action] ?? "revert", "reverted", true);
      else this.#set({ ...result, action: "revert", outcome: "revert_failed" });
    }
  }

  block(job: string, by: string): void {
    this.#blocked.push({ job, by });
  }

  /**
   * Records that the staged rollout of a job waits for manual approval. This is not a failure. Dependent jobs wait too.
   */
  pause(paused: PausedRollout): void {
    this.#paused.push(paused);
    for (const host of paused.waiting) this.note(paused.job, host, "wait", "paused", false);
  }

  warn(message: string): void {
    this.#warnings.push(message);
  }

  /** Records workspace changes since the last build, which are not part of this run. */
  noteUnbuilt(parts: readonly string[]): void {
    this.#unbuilt = parts;
  }

  interrupt(): void {
    this.#interrupted = true;
  }

  /** Whether any job had a failure that may block other jobs. */
  get hasFailures(): boolean {
    return this.#failures.length > 0 || [...this.#failedHosts.values()].some((hosts) => hosts.size > 0);
  }

  /** Whether any staged rollout is paused. */
  get hasPauses(): boolean {
    return this.#paused.length > 0;
  }

  /** Whether the staged rollout of a job is paused. */
  isPaused(job: string): boolean {
    return this.#paused.some((paused) => paused.job === job);
  }

  /** Whether any part of a job failed or was left unchanged, which blocks dependent jobs. */
  failed(job: string): boolean {
    return (
      this.failureOf(job) !== undefined ||
      this.#blocked.some((entry) => entry.job === job) ||
      (this.#failedHosts.get(job)?.size ?? 0) > 0
    );
  }

  /**
   * Whether a job failed only because its removed allocations could not be stopped. Its other allocations can then be
   * upgraded.
   */
  failedOnlyToStop(job: string): boolean {
    const wrong = [...(this.#failedHosts.get(job) ?? [])];
    const only = wrong.length > 0 && wrong.every((host) => this.#unstopped.get(job)?.has(host));
    return only && this.failureOf(job) === undefined && !this.#blocked.some((entry) => entry.job === job);
  }

  /** The first failure of a job as a whole. */
  failureOf(job: string): JobFailure | undefined {
    return this.#failures.find((failure) => failure.job === job);
  }

  /** Whether an allocation has a result. */
  knows(job: string, host: string): boolean {
    return this.outcomeOf(job, host) !== undefined;
  }

  /** Whether this allocation already failed in this run. */
  lost(job: string, host: string): boolean {
    const result = this.#results.get(`${job}|${host}`);
    return result !== undefined && !isFine(result.outcome);
  }

  /** The outcome of this allocation in this run so far. */
  outcomeOf(job: string, host: string): Outcome | undefined {
    const result = this.#results.get(`${job}|${host}`);
    if (result) return result.outcome;
    return this.#isUnchanged(job, host) ? "skipped" : undefined;
  }

  /**
   * The hosts of a job are indexed only when one of them is looked up, because in a large fleet, this never happens for
   * most jobs.
   */
  #isUnchanged(job: string, host: string): boolean {
    const hosts = this.#unchanged.get(job);
    if (!hosts) return false;
    const index = this.#unchangedIndex.get(hosts) ?? new Set(hosts);
    this.#unchangedIndex.set(hosts, index);
    return index.has(host);
  }

  /** Whether an action on this allocation succeeded in this run. */
  isDone(job: string, host: string): boolean {
    return this.outcomeOf(job, host) === "ok";
  }

  summary(): Summary {
    const results = [...this.#results.values()];
    const green =
      results.every(({ job, outcome }) => isFine(outcome) || (outcome === "blocked" && this.#waits(job))) &&
      this.#failures.length === 0 &&
      this.#blocked.every(({ job }) => this.#waits(job));
    const done = this.hasPauses ? "paused" : "ok";
    const outcome = this.#interrupted ? "interrupted" : green ? done : this.#failedOutcome();
    return {
      outcome,
      allocations: results.concat(this.#unchangedResults()),
      failures: [...this.#failures],
      blocked: [...this.#blocked],
      paused: [...this.#paused],
      warnings: [...this.#warnings],
      unbuilt: this.#unbuilt,
    };
  }

  #unchangedResults(): AllocationResult[] {
    return [...this.#unchanged].flatMap(([job, hosts]) => {
      const others = this.#withResults.has(job) ? hosts.filter((host) => !this.#results.has(`${job}|${host}`)) : hosts;
      return others.map(
        (host): AllocationResult => ({ job, host, action: "skip", outcome: "skipped", promoted: true }),
      );
    });
  }

  /** Whether a job is blocked only by a paused rollout, directly or through other blocked jobs. */
  #waits(job: string): boolean {
    const by = this.#blocked.find((entry) => entry.job === job)?.by;
    return by !== undefined && (this.isPaused(by) || this.#waits(by));
  }

  /**
   * The overall result: everything that failed was undone, something could not be undone, or something failed without a
   * revert.
   */
  #failedOutcome(): Summary["outcome"] {
    if ([...this.#reverts.values()].includes("revert_failed")) return "revert_failed";
    const wrong = [...this.#failedHosts].filter(([, hosts]) => hosts.size > 0).map(([job]) => job);
    const blocked = new Set(this.#blocked.map(({ job }) => job));
    const stuck = [...this.#results.values()].filter(({ outcome }) => !isFine(outcome)).map(({ job }) => job);
    const jobs = [...wrong, ...stuck, ...this.#failures.map(({ job }) => job)];
    return jobs.some((job) => !this.#reverts.has(job) && !blocked.has(job)) ? "failed" : "reverted";
  }

  #set(reported: AllocationResult): void {
    const { job, host, outcome } = reported;
    const ledBy = this.#leaders.get(`${job}|${host}`);
    const result = ledBy === undefined ? reported : { ...reported, action: "orchestrate", ledBy };
    this.#results.set(`${job}|${host}`, result);
    this.#withResults.add(job);
    if (isFine(outcome)) this.#failedHosts.get(job)?.delete(host);
    else this.#failedHosts.set(job, (this.#failedHosts.get(job) ?? new Set()).add(host));
  }
}

/** Actions of a revert that keep their names. */
const REVERTED: Readonly<Record<string, string>> = { stop: "stop" };

function isFine(outcome: Outcome): boolean {
  return outcome === "ok" || outcome === "skipped" || outcome === "paused";
}

/** Whether an error has this code. */
export function hasCode(cause: unknown, code: ErrorCode): boolean {
  return isMaandError(cause) && cause.code === code;
}
