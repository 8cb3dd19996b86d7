/**
 * Something a person wrote, or a worker lacks, that is wrong before anything begins. Problems are values: they are
 * collected and shown together, never thrown one by one.
 */
export interface Problem {
  /** A word that never changes its meaning, such as `invalid_manifest`. */
  readonly code: string;
  /** File and key, or the worker: `workspace/jobs/api/manifest.json: version`. */
  readonly where: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** `warning` does not refuse the build (`--strict` makes it an error, decision 21). */
  readonly level: "error" | "warning";
}

/** Takes one problem; where a list of them is being collected. */
export type Report = (problem: Problem) => void;

/** A problem that refuses. */
export function error(code: string, where: string, message: string, hint?: string): Problem {
  return hint === undefined ? { code, where, message, level: "error" } : { code, where, message, hint, level: "error" };
}

/** A problem that is reported and does not refuse. */
export function warning(code: string, where: string, message: string, hint?: string): Problem {
  return { ...error(code, where, message, hint), level: "warning" };
}

/** Whether any of the problems refuses. */
export function refuses(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.level === "error");
}
