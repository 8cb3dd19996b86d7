/**
 * Changes the hint for one worker to cover all workers that failed in the same way. Its name is replaced by all names.
 * In the value of a flag, they are separated by commas without blanks, so that the command can be typed. A name in a
 * path is not replaced.
 */
export function hintForWorkers(hint: string, worker: string, all: readonly string[]): string {
  if (all.length < 2) return hint;
  const name = worker.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const whole = new RegExp(`(--[a-z_-]+[ =])?(?<![\\w./:-])${name}(?![\\w/-]|[.:]\\w)`, "g");
  return hint.replace(whole, (_, flag: string | undefined) =>
    flag === undefined ? all.join(", ") : flag + all.join(","),
  );
}
