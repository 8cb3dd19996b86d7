import type { Settings } from "../domain/settings/settings.ts";
import type { Allocation } from "../domain/workspace/job.ts";
import type { Remote } from "../remote/remote.ts";
import type { TableContext } from "./plugin.ts";

/**
 * The bucket, for a command of a plugin: read-only access to what the last build and later deploys stored, and
 * connections to workers. @experimental
 */
export interface CommandBucket extends TableContext {
  readonly settings: Settings;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** The version that runs on an allocation; undefined before its first promotion. */
  promotedVersion(allocation: Allocation): string | undefined;
  /**
   * The connection to a worker, opened on the first call and closed when the command ends. Throws NOT_FOUND for a host
   * that is not in the catalog, and UNREACHABLE for a worker that does not respond.
   */
  remote(host: string): Promise<Remote>;
}
