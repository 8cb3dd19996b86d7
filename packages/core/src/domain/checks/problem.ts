/**
 * An error or a warning about a user-written file or a worker, found before anything starts. Problems are values: they
 * are collected and shown together, never thrown one by one.
 */
export interface Problem {
  /** A stable code, such as `invalid_manifest`. */
  readonly code: string;
  /** File and key, or the worker: `workspace/jobs/api/manifest.json: version`. */
  readonly where: string;
  /** The line of the key in the file, counted from 1, if known. */
  readonly line?: number;
  readonly message: string;
  /** How to fix it. */
  readonly hint?: string;
  /** A `warning` does not fail the build, except with `--strict`. */
  readonly level: "error" | "warning";
}

/** Collects one problem. */
export type Report = (problem: Problem) => void;

/** A problem that fails the command. */
export function error(code: string, where: string, message: string, hint?: string): Problem {
  return hint === undefined ? { code, where, message, level: "error" } : { code, where, message, hint, level: "error" };
}

/** A problem that is reported but does not fail the command. */
export function warning(code: string, where: string, message: string, hint?: string): Problem {
  return { ...error(code, where, message, hint), level: "warning" };
}

/** Whether any of the problems is an error. */
export function refuses(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.level === "error");
}
