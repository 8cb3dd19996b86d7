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
  const name = text.replace(/\/$/, "");
  const places = text.includes("/") ? [`${directory}/${name}`] : [`${directory}/${name}`, `${directory}/**/${name}`];
  return places.flatMap((place) => [`P ${place}`, `P ${place}/**`]);
}

/** A name in which nothing means anything to rsync. */
function literal(name: string): string {
  return name.replace(/[\\*?[]/g, "\\$&");
}
