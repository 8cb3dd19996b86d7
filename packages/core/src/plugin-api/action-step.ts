import type { Argv, ExecOptions, ExecResult } from "../remote/remote.ts";

/**
 * The step of a run that an action is. It is recorded in the store before the action begins. If the run dies, the next run
 * continues the step under the same name, so that a worker which keeps receipts runs its command once.
 */
export interface ActionStep {
  /** The name: never that of another step. It is safe as the name of a file. */
  readonly id: string;
  /** The number of the run that began it, if this run continues it; null for a new step. */
  readonly resumes: number | null;
  /** Earlier steps of the allocation that this one replaces: those that have not begun must no longer begin. */
  readonly replaces: readonly string[];
  /** Calls back once the store has the result, so that what a worker keeps for the step may go. Errors are ignored. */
  onSettled(forget: () => Promise<void>): void;
}

/** The options of a command that runs once: those of `exec` that a worker can keep. */
export type OnceOptions = Pick<ExecOptions, "title" | "env" | "timeoutMs" | "onLine">;

/** Runs a command of a step on its worker; see `ActionContext`. */
export type RunOnce = (argv: Argv, options?: OnceOptions) => Promise<ExecResult>;

/** A command that is part of a step. */
export interface StepCommand {
  /** The name of the command: that of its step, a `+`, and its number among the commands of the step. */
  readonly id: string;
  /** The command: a list of words, some of which may be secret. */
  readonly argv: Argv;
  /** What a message calls it; by default its words, without secrets. */
  readonly title: string;
  /** Added to its environment. */
  readonly env: NonNullable<ExecOptions["env"]>;
  /** Its time limit in milliseconds. */
  readonly timeoutMs: number;
  /** Called for every line as it arrives. */
  onLine: NonNullable<ExecOptions["onLine"]>;
}
