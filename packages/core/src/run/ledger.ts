import { asMaandError, outcomeOf } from "../bucket/outcome.ts";
import type { ErrorCode } from "../errors.ts";
import { isMaandError } from "../errors.ts";
import type { AllocationResult, JobFailure, Outcome, Summary } from "../summary.ts";

/** What happened in a run so far; the summary is made of it, and so is what blocks what. */
export class Ledger {
  readonly #results = new Map<string, AllocationResult>();
  /** Hosts of each job where something went wrong or was left; what is only owed is not among them. */
  readonly #wrong = new Map<string, Set<string>>();
  readonly #failures: JobFailure[] = [];
  readonly #blocked: { readonly job: string; readonly by: string }[] = [];
  readonly #warnings: string[] = [];
  #unbuilt: readonly string[] = [];
  #interrupted = false;

  /**
   * Notes what became of an allocation; a later note replaces an earlier one, but "nothing to do" replaces nothing, and
   * what was stopped and then recorded was both.
   */
  note(job: string, host: string, action: string, outcome: Outcome, promoted: boolean): void {
    const before = this.#results.get(`${job}|${host}`);
    if (outcome === "skipped" && before) return;
    const whole = before?.action === "stop" && action === "promote" ? "stop+promote" : action;
    this.#set({ job, host, action: whole, outcome, promoted });
  }

  /** Notes that an allocation failed, and why. */
  fail(job: string, host: string, action: string, cause: unknown, promoted = false): void {
    const error = asMaandError(cause);
    if (error.code === "INTERRUPTED") this.#interrupted = true;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    const output = error.output.length > 0 ? { output: error.output } : {};
    this.#set({ job, host, action, outcome: outcomeOf(cause), promoted, message: error.message, ...hint, ...output });
  }

  /** Notes that an allocation could not be left as it should; it is named, and keeps nothing back of what stays. */
  addPendingCleanup(job: string, host: string, action: string, cause: unknown): void {
    this.fail(job, host, action, cause);
    this.#wrong.get(job)?.delete(host);
  }

  /** Notes that a job as a whole failed. */
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

  block(job: string, by: string): void {
    this.#blocked.push({ job, by });
  }

  warn(message: string): void {
    this.#warnings.push(message);
  }

  /** Notes what changed in the workspace since it was built: none of that is part of this run. */
  noteUnbuilt(parts: readonly string[]): void {
    this.#unbuilt = parts;
  }

  interrupt(): void {
    this.#interrupted = true;
  }

  /** Whether anything went wrong for any job that others may have to wait for. */
  get hasFailures(): boolean {
    return this.#failures.length > 0 || [...this.#wrong.values()].some((hosts) => hosts.size > 0);
  }

  /** Whether anything of a job went wrong or was left, so that those who demand it must wait. */
  failed(job: string): boolean {
    return (
      this.failureOf(job) !== undefined ||
      this.#blocked.some((entry) => entry.job === job) ||
      (this.#wrong.get(job)?.size ?? 0) > 0
    );
  }

  /** The first thing that went wrong for a job as a whole. */
  failureOf(job: string): JobFailure | undefined {
    return this.#failures.find((failure) => failure.job === job);
  }

  /** Whether anything was noted of an allocation. */
  knows(job: string, host: string): boolean {
    return this.#results.has(`${job}|${host}`);
  }

  /** Whether this allocation already failed in this run. */
  lost(job: string, host: string): boolean {
    const result = this.#results.get(`${job}|${host}`);
    return result !== undefined && !isFine(result.outcome);
  }

  /** Whether something was done to this allocation in this run, and succeeded. */
  isDone(job: string, host: string): boolean {
    return this.#results.get(`${job}|${host}`)?.outcome === "ok";
  }

  summary(): Summary {
    const allocations = [...this.#results.values()];
    const green =
      allocations.every((result) => isFine(result.outcome)) &&
      this.#failures.length === 0 &&
      this.#blocked.length === 0;
    const outcome = this.#interrupted ? "interrupted" : green ? "ok" : "failed";
    return {
      outcome,
      allocations,
      failures: [...this.#failures],
      blocked: [...this.#blocked],
      warnings: [...this.#warnings],
      unbuilt: this.#unbuilt,
    };
  }

  #set(result: AllocationResult): void {
    const { job, host, outcome } = result;
    this.#results.set(`${job}|${host}`, result);
    const wrong = this.#wrong.get(job) ?? new Set();
    this.#wrong.set(job, wrong);
    if (isFine(outcome)) wrong.delete(host);
    else wrong.add(host);
  }
}

function isFine(outcome: Outcome): boolean {
  return outcome === "ok" || outcome === "skipped";
}

/** Whether an error carries this code. */
export function hasCode(cause: unknown, code: ErrorCode): boolean {
  return isMaandError(cause) && cause.code === code;
}
