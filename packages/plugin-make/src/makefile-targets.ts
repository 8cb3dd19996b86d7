/**
 * Constructs that may add targets which are not visible in the text: other files, generated rules, patterns, the
 * default rule.
 */
const UNSEEN = [
  /^\s*(?:-?include|sinclude|load|define)\b/m,
  /\$[({](?:eval|call|foreach)\b/,
  /^[^\t#=\n]*[%$][^=\n]*:(?!=)/m, // a pattern or a variable in the targets of a rule
  /^\.DEFAULT\b/m,
];

/** A line that names targets: not a recipe, a comment or an assignment. */
const RULE = /^(?!\t)([^#:=]+?)\s*:{1,2}(?![:=])/;

/**
 * The targets for which the text of a Makefile has a rule; undefined if there may be others, so that a missing target
 * is not certain. Targets within conditionals count.
 */
export function makefileTargets(text: string): ReadonlySet<string> | undefined {
  const joined = text.replace(/\\\r?\n/g, " ");
  if (UNSEEN.some((pattern) => pattern.test(joined))) return undefined;
  const targets = joined.split(/\r?\n/).flatMap((line) => RULE.exec(line)?.[1]?.trim().split(/\s+/) ?? []);
  return new Set(targets);
}

/** The targets that .PHONY names. */
export function phonyTargets(text: string): ReadonlySet<string> {
  const lines = text.replace(/\\\r?\n/g, " ").matchAll(/^\.PHONY\s*:([^#\n]*)/gm);
  return new Set([...lines].flatMap(([, names = ""]) => names.trim().split(/\s+/)));
}
