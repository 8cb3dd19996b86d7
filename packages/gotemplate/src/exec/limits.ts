import { Fault } from "../fault.ts";

/** What one execution may use up before it fails with a TemplateError. */
export interface Limits {
  /** Characters of the output, and of any text made on the way. */
  readonly output: number;
  /** Statements, commands and rounds of ranges; work on long text, lists and maps counts by its size. */
  readonly steps: number;
  /** Templates that may wait for each other. */
  readonly depth: number;
}

/** Limits that no sound template meets: 64 Mi characters, 20 million steps, Go's own depth of 100,000. */
export const DEFAULT_LIMITS: Limits = { output: 64 * 1024 * 1024, steps: 20_000_000, depth: 100_000 };

const CHARACTERS_PER_STEP = 32;

/** What is left of the {@link Limits} of an execution. */
export class Budget {
  readonly limits: Limits;
  #steps: number;

  constructor(limits: Limits) {
    this.limits = limits;
    this.#steps = limits.steps;
  }

  /** Takes steps. Throws a Fault when none are left. */
  spend(steps = 1): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw new Fault(`gave up after ${this.limits.steps} steps`);
  }

  /** Takes the steps for work on a value, by the length of text, lists and maps. */
  spendOn(value: unknown): void {
    if (typeof value === "string") this.spend(value.length / CHARACTERS_PER_STEP);
    else if (Array.isArray(value)) this.spend(value.length / CHARACTERS_PER_STEP);
    else if (value instanceof Map) this.spend(value.size / CHARACTERS_PER_STEP);
  }

  /** Checks the length of a text. Throws a Fault when it is above the output limit. */
  checkLength(length: number): void {
    if (length > this.limits.output) throw new Fault(`made more than ${this.limits.output} characters`);
  }
}
