/** The paths that a sync may change. */
export interface Reach {
  /** Jobs in the tree; each `jobs/<name>/` is made equal to the tree. */
  readonly jobs: readonly string[];
  /** Names directly in a job's directory that are never sent and never deleted. */
  readonly keep: readonly string[];
  /** Patterns, by job, of files that the job created itself, which are not deleted. */
  readonly protect: ReadonlyMap<string, readonly string[]>;
}

const METADATA = ["/worker.json", "/jobs.json", "/bin/", "/bin/**"];

/**
 * rsync's filter rules; the first matching rule decides. Excluded paths (`-`) are neither sent nor deleted; protected
 * paths (`P`) are sent but not deleted. So files are deleted only inside the directories of `jobs`.
 */
export function filterRules({ jobs, keep, protect }: Reach): string[] {
  const directories = jobs.map((job) => `/jobs/${literal(job)}`);
  return [
    ...directories.flatMap((directory) => keep.map((name) => `- ${directory}/${literal(name)}`)),
    ...jobs.flatMap((job) =>
      (protect.get(job) ?? []).flatMap((pattern) => protection(`/jobs/${literal(job)}`, pattern)),
    ),
    ...["/*", "/jobs/*", "/bin/**"].map((pattern) => `P ${pattern}`),
    ...METADATA.map((pattern) => `+ ${pattern}`),
    ...(jobs.length > 0 ? ["+ /jobs/"] : []),
    ...directories.flatMap((directory) => [`+ ${directory}/`, `+ ${directory}/**`]),
    "- *",
  ];
}

/**
 * Rules for the matches of a `keep` pattern and everything in them: a name matches at any depth, a path from the
 * job's directory.
 */
function protection(directory: string, pattern: string): string[] {
  const text = pattern.trim();
  return oneCharacter(text.replace(/\/$/, "").replace(/\*+/g, "*")).flatMap((name) => {
    const places = text.includes("/") ? [`${directory}/${name}`] : [`${directory}/${name}`, `${directory}/**/${name}`];
    return places.flatMap((place) => [`P ${place}`, `P ${place}/**`]);
  });
}

/**
 * Matches a byte of a non-ASCII character. rsync compares bytes, and considers such a byte neither printable nor a
 * control character.
 */
const BEYOND_ASCII = "[![:print:][:cntrl:]]";

/**
 * Maximum number of question marks that are translated exactly, because each one multiplies the number of rules by
 * four.
 */
const EXACT = 3;

/**
 * The rsync patterns for a pattern in which `?` matches one character: in rsync, `?` matches one byte, and a UTF-8
 * character has one to four bytes. If there are many question marks, they are replaced with `*`, because it is better
 * to keep too much than too little.
 */
function oneCharacter(pattern: string): string[] {
  const [first = "", ...parts] = pattern.split("?");
  if (parts.length > EXACT) return [pattern.replace(/\?+/g, "*")];
  const characters = ["?", ...[2, 3, 4].map((bytes) => BEYOND_ASCII.repeat(bytes))];
  return parts.reduce(
    (heads, part) => heads.flatMap((head) => characters.map((character) => `${head}${character}${part}`)),
    [first],
  );
}

/** Escapes a name for rsync, which takes backslashes literally if there is no wildcard. */
function literal(name: string): string {
  return /[*?[]/.test(name) ? name.replace(/[\\*?[]/g, "\\$&") : name;
}
