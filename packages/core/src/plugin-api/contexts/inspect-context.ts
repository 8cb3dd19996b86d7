import type { InspectedJob } from "../../domain/drift/inspected.ts";
import type { WorkerContext } from "../base-contexts.ts";

export type { InspectedFile, InspectedJob, InspectedOther } from "../../domain/drift/inspected.ts";

/** The contents of the bucket's directory on a worker. @experimental */
export interface Inspection {
  /** Whether the bucket's directory exists. */
  readonly exists: boolean;
  /**
   * Files directly in that directory or in `bin/`, by path; missing files are omitted. The text is set if the hash
   * differs from the expected one.
   */
  readonly metadata: ReadonlyMap<string, { readonly hash: string; readonly text?: string }>;
  /** The contents of each job's directory, by job; a job without a directory is omitted. */
  readonly jobs: ReadonlyMap<string, InspectedJob>;
  /** The numeric ids of the given users, by name or number. Unknown users are omitted. */
  readonly users: ReadonlyMap<string, number>;
  /** The numeric ids of the given groups, by name or number. Unknown groups are omitted. */
  readonly groups: ReadonlyMap<string, number>;
}

/** The expected state of a file. The content of a file with this hash is not returned. @experimental */
export interface InspectExpectation {
  /** SHA-256, lower-case hex; empty if none is expected. */
  readonly hash: string;
  /** Permission bits. */
  readonly mode: number;
  /** Bytes, if known. */
  readonly size?: number;
}

/** What to inspect in a job's directory. @experimental */
export interface InspectRequest {
  /** The files to hash, with their expected state, by path. */
  readonly files: ReadonlyMap<string, InspectExpectation>;
  /** The `keep` patterns of the job's manifest. Files that match are not listed, unless they are in `files`. */
  readonly protect: readonly string[];
}

/**
 * `inspect`: return the contents of the job directories on a worker. Compare nothing and change nothing. @experimental
 */
export interface InspectContext extends WorkerContext {
  /** The metadata files to check: their SHA-256, by path. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What to inspect, by job. */
  readonly jobs: ReadonlyMap<string, InspectRequest>;
  /** Names of files and directories, directly in a job's directory, that the tap must not list, as in a sync. */
  readonly keep: readonly string[];
  /** Names or numbers of users to look up. */
  readonly users: readonly string[];
  /** Names or numbers of groups to look up. */
  readonly groups: readonly string[];
  /** The largest content to return, in bytes; 0 for none. */
  readonly contentLimit: number;
  /** The timeout of the entire inspection, in milliseconds. */
  readonly timeoutMs: number;
}
