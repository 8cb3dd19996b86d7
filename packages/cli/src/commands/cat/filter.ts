import { didYouMean, error, problemsError } from "@maand/core/look";

/** Refuses names of a filter that nobody has: a filter never silently means "all" or "nothing" (decision 33). */
export function checkFilter(
  flag: string,
  kind: "job" | "worker",
  wanted: readonly string[],
  known: readonly string[],
): void {
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw problemsError(
    unknown.map((name) =>
      error(
        `unknown_${kind}`,
        flag,
        `there is no ${kind} "${name}"`,
        didYouMean(name, known) ?? `maand cat ${kind}s lists them`,
      ),
    ),
  );
}

/** Whether a name passes a filter; an empty filter lets everything pass. */
export function passes(wanted: readonly string[], name: string): boolean {
  return wanted.length === 0 || wanted.includes(name);
}
