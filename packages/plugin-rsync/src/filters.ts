/** What a sync may touch. */
export interface Reach {
  /** Jobs in the tree; each `jobs/<name>/` is made equal to it. */
  readonly jobs: readonly string[];
  /** Names directly in a job's directory that are never sent and never deleted. */
  readonly keep: readonly string[];
  /** Patterns by job of what it made itself, which is not deleted. */
  readonly protect: ReadonlyMap<string, readonly string[]>;
}

const METADATA = ["/worker.json", "/jobs.json", "/bin/", "/bin/**"];

/**
 * rsync's filter rules, the first that matches deciding. What is excluded (`-`) is neither sent nor deleted; what is
 * protected (`P`) is sent but not deleted. So deleting happens inside the directories of `jobs`, and nowhere else.
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

/** What a pattern of `keep` matches, and all below it: a name at any depth, a path from the job's directory. */
function protection(directory: string, pattern: string): string[] {
  const text = pattern.trim();
  return oneCharacter(text.replace(/\/$/, "").replace(/\*+/g, "*")).flatMap((name) => {
    const places = text.includes("/") ? [`${directory}/${name}`] : [`${directory}/${name}`, `${directory}/**/${name}`];
    return places.flatMap((place) => [`P ${place}`, `P ${place}/**`]);
  });
}

/** A byte of a character beyond ASCII: neither printable nor control for rsync, which looks at bytes. */
const BEYOND_ASCII = "[![:print:][:cntrl:]]";

/** Question marks a pattern may have for each to be translated exactly; the rules become four times as many with each. */
const EXACT = 3;

/**
 * The patterns for rsync in which `?` matches one character, as elsewhere: for rsync it is one byte, and a character of
 * UTF-8 has one to four. Where a pattern has many, `*` takes their place: rather too much is kept than too little.
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

/** A name in which nothing means anything to rsync; it takes backslashes literally where there is no wildcard. */
function literal(name: string): string {
  return /[*?[]/.test(name) ? name.replace(/[\\*?[]/g, "\\$&") : name;
}
