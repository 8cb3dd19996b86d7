/** One condition of a `Match` line. */
export interface Criterion {
  readonly criterion: string;
  readonly negated: boolean;
  readonly patterns: readonly string[];
}

/** `host web*,db user ops` or `host=web*`; `all`, `final` and `canonical` take no value. */
export function criteriaOf(words: readonly string[]): Criterion[] {
  const parts = words.flatMap((word) => {
    const [, name, value] = /^(!?[a-zA-Z]+)=(.+)$/.exec(word) ?? [];
    return name !== undefined && value !== undefined ? [name, value] : [word];
  });
  const found: Criterion[] = [];
  while (parts.length > 0) {
    const written = (parts.shift() ?? "").toLowerCase();
    const negated = written.startsWith("!");
    const criterion = negated ? written.slice(1) : written;
    const value = ["all", "final", "canonical"].includes(criterion) ? "" : (parts.shift() ?? "");
    found.push({ criterion, negated, patterns: value.split(",") });
  }
  return found;
}

/** A list of patterns matches if one of them matches and no negated one does. */
export function matchesList(patterns: readonly string[], text: string): boolean {
  const matches = (pattern: string) => patternOf(pattern).test(text.toLowerCase());
  if (patterns.some((pattern) => pattern.startsWith("!") && matches(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matches(pattern));
}

function patternOf(pattern: string): RegExp {
  const source = pattern.toLowerCase().replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${source.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}

/** Whether patterns name specific machines. A bare `*` applies to all machines, even if other patterns exclude some. */
export function namesMachine(patterns: readonly string[]): boolean {
  return !patterns.includes("*");
}
