/** What a sync may touch. */
export interface Reach {
  /** Jobs in the tree; each `jobs/<name>/` is made equal to it. */
  readonly jobs: readonly string[];
  /** Names directly in a job's directory that are never sent and never deleted. */
  readonly keep: readonly string[];
}

const METADATA = ["/worker.json", "/jobs.json", "/bin/", "/bin/**"];

/**
 * rsync's filter rules, the first that matches deciding. What is excluded (`-`) is neither sent nor deleted; what is
 * protected (`P`) is sent but not deleted. So deleting happens inside the directories of `jobs`, and nowhere else.
 */
export function filterRules({ jobs, keep }: Reach): string[] {
  const directories = jobs.map((job) => `/jobs/${literal(job)}`);
  return [
    ...directories.flatMap((directory) => keep.map((name) => `- ${directory}/${literal(name)}`)),
    ...["/*", "/jobs/*", "/bin/**"].map((pattern) => `P ${pattern}`),
    ...METADATA.map((pattern) => `+ ${pattern}`),
    ...(jobs.length > 0 ? ["+ /jobs/"] : []),
    ...directories.flatMap((directory) => [`+ ${directory}/`, `+ ${directory}/**`]),
    "- *",
  ];
}

/** A name in which nothing means anything to rsync. */
function literal(name: string): string {
  return name.replace(/[\\*?[]/g, "\\$&");
}
