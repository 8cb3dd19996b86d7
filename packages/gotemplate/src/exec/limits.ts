import { Fault } from "../fault.ts";

/** The limits of one execution, after which it fails with a TemplateError. */
export interface Limits {
  /** Characters of the output, and of any intermediate text. */
  readonly output: number;
  /** Statements, commands and iterations; work on long texts, lists and maps counts by their size. */
  readonly steps: number;
  /** Depth of nested template calls. */
  readonly depth: number;
}

/** Limits that no reasonable template reaches: 64 Mi characters, 20 million steps, Go's own depth of 100,000. */
export const DEFAULT_LIMITS: Limits = { output: 64 * 1024 * 1024, steps: 20_000_000, depth: 100_000 };

const CHARACTERS_PER_STEP = 32;

/** The remaining {@link Limits} of an execution. */
export class Budget {
  readonly limits: Limits;
  #steps: number;

  constructor(limits: Limits) {
    this.limits = limits;
    this.#steps = limits.steps;
  }

  /** Uses steps. Throws a Fault if none are left. */
  spend(steps = 1): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw new Fault(`exceeded the limit of ${this.limits.steps} steps`);
  }

  /** Uses the steps for work on a value, by the length of text, lists and maps. */
  spendOn(value: unknown): void {
    if (typeof value === "string") this.spend(value.length / CHARACTERS_PER_STEP);
    else if (Array.isArray(value)) this.spend(value.length / CHARACTERS_PER_STEP);
    else if (value instanceof Map) this.spend(value.size / CHARACTERS_PER_STEP);
  }

  /** Checks the length of a text. Throws a Fault if it exceeds the output limit. */
  checkLength(length: number): void {
    if (length > this.limits.output) throw new Fault(`exceeded the limit of ${this.limits.output} characters`);
  }
}
