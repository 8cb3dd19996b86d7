import type { Argv, ExecOptions, ExecResult } from "../remote/remote.ts";

/**
 * The step that an action belongs to. maand records the step in the store before the action begins. If the run is
 * killed, the next run continues the step under the same name. A worker that keeps receipts then runs the command of
 * the step only once.
 */
export interface ActionStep {
  /** The name, unique among all steps. It is safe to use as a file name. */
  readonly id: string;
  /** The number of the run that began the step, if this run continues it; null for a new step. */
  readonly resumes: number | null;
  /** Earlier steps of the allocation that this one replaces. A replaced step that has not begun must never begin. */
  readonly replaces: readonly string[];
  /**
   * Calls `forget` once the store has the result, so that the worker can delete what it keeps for the step. Errors are
   * ignored.
   */
  onSettled(forget: () => Promise<void>): void;
}

/** The options of a command that runs once: the options of `exec` that can be stored on a worker. */
export type OnceOptions = Pick<ExecOptions, "title" | "env" | "timeoutMs" | "onLine">;

/** Runs a command of a step on its worker; see `ActionContext`. */
export type RunOnce = (argv: Argv, options?: OnceOptions) => Promise<ExecResult>;

/** A command that is part of a step. */
export interface StepCommand {
  /** The name of the command: the name of its step, a `+`, and the number of the command within the step. */
  readonly id: string;
  /** The command: a list of words, some of which may be secret. */
  readonly argv: Argv;
  /** The name of the command in messages. Default: its words, without secrets. */
  readonly title: string;
  /** Variables to add to the environment of the command. */
  readonly env: NonNullable<ExecOptions["env"]>;
  /** The timeout of the command, in milliseconds. */
  readonly timeoutMs: number;
  /** Called for every line of output as it arrives. */
  onLine: NonNullable<ExecOptions["onLine"]>;
}
