import type { Failure } from "./run-history.ts";

/** The same failure on several workers. */
export interface FailureGroup {
  readonly first: Failure;
  readonly workers: readonly string[];
}

/** Groups failures that differ only in their worker, in their order. */
export function failureGroups(failures: readonly Failure[]): FailureGroup[] {
  const groups = new Map<string, { readonly first: Failure; readonly workers: string[] }>();
  for (const failure of failures) {
    const { worker, job, what, message, output } = failure;
    const text = (line: string) => (worker === "" ? line : line.replaceAll(worker, "\0"));
    const key = JSON.stringify([job, what, text(message), output.map(text)]);
    const group = groups.get(key);
    if (!group) groups.set(key, { first: failure, workers: worker === "" ? [] : [worker] });
    else if (worker !== "" && !group.workers.includes(worker)) group.workers.push(worker);
  }
  return [...groups.values()];
}
