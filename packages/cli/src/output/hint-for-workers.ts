/**
 * The hint of one worker, for all workers that failed in the same way: its name is replaced by all names, separated by
 * commas alone where it is the value of a flag, so that the command can be typed. A part of a path stays.
 */
export function hintForWorkers(hint: string, worker: string, all: readonly string[]): string {
  if (all.length < 2) return hint;
  const name = worker.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const whole = new RegExp(`(--[a-z_-]+[ =])?(?<![\\w./:-])${name}(?![\\w/-]|[.:]\\w)`, "g");
  return hint.replace(whole, (_, flag: string | undefined) =>
    flag === undefined ? all.join(", ") : flag + all.join(","),
  );
}
