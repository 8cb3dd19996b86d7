import type { Job } from "../workspace/job.ts";
import type { FileChange } from "./changed-files.ts";
import { matchGlobs } from "./glob.ts";

/** The keys of a manifest that decide between a reload and a restart. */
export type RestartPolicy = Pick<Job, "restartPolicy" | "restartGlobs">;

/** The state and the options that override the policy. */
export interface Overrides {
  readonly syncOnly: boolean;
  /** Whether a restart started but did not lead to a promotion. */
  readonly restartUnfinished: boolean;
}

/**
 * The action for a changed allocation that is running. Under the policy `reload`, a changed file that matches
 * `restart_globs` turns the reload into a restart.
 */
export function reloadOrRestart(
  { restartPolicy, restartGlobs }: RestartPolicy,
  files: readonly FileChange[],
  { syncOnly, restartUnfinished }: Overrides,
): { readonly action: "sync" | "reload" | "restart"; readonly matched: readonly string[] } {
  if (syncOnly) return { action: "sync", matched: [] };
  if (restartUnfinished) return { action: "restart", matched: [] };
  if (restartPolicy === "never") return { action: "sync", matched: [] };
  if (restartPolicy === "always") return { action: "restart", matched: [] };
  const paths = files.map(({ path }) => path);
  const matched = matchGlobs(restartGlobs, paths);
  return { action: matched.length > 0 ? "restart" : "reload", matched };
}
