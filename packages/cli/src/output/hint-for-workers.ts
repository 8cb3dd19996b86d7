/**
 * Changes the hint for one worker to cover all workers that failed in the same way: replaces the name of the worker
 * with all names. In the value of a flag, separates the names with commas and without blanks, so that the command is
 * valid. Does not change a name that is part of a path.
 */
export function hintForWorkers(hint: string, worker: string, all: readonly string[]): string {
  if (all.length < 2) return hint;
  const name = worker.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const whole = new RegExp(`(--[a-z_-]+[ =])?(?<![\\w./:-])${name}(?![\\w/-]|[.:]\\w)`, "g");
  return hint.replace(whole, (_, flag: string | undefined) =>
    flag === undefined ? all.join(", ") : flag + all.join(","),
  );
}
