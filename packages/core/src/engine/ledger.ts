import type { ErrorCode } from "../errors.ts";
import { isMaandError } from "../errors.ts";
import type { AllocationResult, JobFailure, Outcome, Summary } from "../summary.ts";
import { asMaandError, outcomeOf } from "./outcome.ts";

/** What happened in a run so far; the summary is made of it, and so is what blocks what. */
export class Ledger {
  readonly #results = new Map<string, AllocationResult>();
  readonly #failures: JobFailure[] = [];
  readonly #blocked: { readonly job: string; readonly by: string }[] = [];
  readonly #warnings: string[] = [];
  #interrupted = false;

  /** Notes what became of an allocation; a later note replaces an earlier one, but "nothing to do" replaces nothing. */
  note(job: string, host: string, action: string, outcome: Outcome, promoted: boolean): void {
    if (outcome === "skipped" && this.#results.has(`${job}|${host}`)) return;
    this.#results.set(`${job}|${host}`, { job, host, action, outcome, promoted });
  }

  /** Notes that an allocation failed, and why. */
  fail(job: string, host: string, action: string, cause: unknown, promoted = false): void {
    const error = asMaandError(cause);
    if (error.code === "INTERRUPTED") this.#interrupted = true;
    const output = error.output.length > 0 ? { output: error.output } : {};
    this.#results.set(`${job}|${host}`, {
      job,
      host,
      action,
      outcome: outcomeOf(cause),
      promoted,
      message: error.message,
      ...output,
    });
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

  interrupt(): void {
    this.#interrupted = true;
  }

  /** Whether anything of a job went wrong or was left, so that those who demand it must wait (decision 4). */
  failed(job: string): boolean {
    return (
      this.#failures.some((failure) => failure.job === job) ||
      this.#blocked.some((entry) => entry.job === job) ||
      [...this.#results.values()].some((result) => result.job === job && !isFine(result.outcome))
    );
  }

  /** Whether this allocation already failed in this run. */
  lost(job: string, host: string): boolean {
    const result = this.#results.get(`${job}|${host}`);
    return result !== undefined && !isFine(result.outcome);
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
    };
  }
}

function isFine(outcome: Outcome): boolean {
  return outcome === "ok" || outcome === "skipped";
}

/** Whether an error carries this code. */
export function hasCode(cause: unknown, code: ErrorCode): boolean {
  return isMaandError(cause) && cause.code === code;
}
