import type { InspectedJob } from "../../domain/drift/inspected.ts";
import type { WorkerContext } from "../base-contexts.ts";

export type { InspectedFile, InspectedJob, InspectedOther } from "../../domain/drift/inspected.ts";

/** What is in the bucket's directory on a worker. @experimental */
export interface Inspection {
  /** Whether the bucket's directory exists. */
  readonly exists: boolean;
  /** Files directly in it or below `bin/` by path; absent ones are omitted. The text is set if the hash is not the expected one. */
  readonly metadata: ReadonlyMap<string, { readonly hash: string; readonly text?: string }>;
  /** By job; a job without a directory is omitted. */
  readonly jobs: ReadonlyMap<string, InspectedJob>;
  /** The numbers of the given users; unknown ones are omitted. */
  readonly users: ReadonlyMap<string, number>;
  /** The numbers of the given groups; unknown ones are omitted. */
  readonly groups: ReadonlyMap<string, number>;
}

/** A file as it is expected. The content of a file with this hash is not returned. @experimental */
export interface InspectExpectation {
  /** SHA-256, lower-case hex; empty if none is expected. */
  readonly hash: string;
  /** Permission bits. */
  readonly mode: number;
  /** Bytes, if known. */
  readonly size?: number;
}

/** What to inspect of a job. @experimental */
export interface InspectRequest {
  /** Files to hash, as they are expected, by path. */
  readonly files: ReadonlyMap<string, InspectExpectation>;
  /** Patterns of `keep` in its manifest: what they match is not listed, unless it is in `files`. */
  readonly protect: readonly string[];
}

/** `inspect`: compare nothing, change nothing, and return what is in the directories of jobs on a worker. @experimental */
export interface InspectContext extends WorkerContext {
  /** Metadata to look at: SHA-256 by path. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What to inspect, by job. */
  readonly jobs: ReadonlyMap<string, InspectRequest>;
  /** Names directly in a job's directory that are not listed: the same as in a sync. */
  readonly keep: readonly string[];
  /** Names or numbers of users to look up. */
  readonly users: readonly string[];
  /** Names or numbers of groups to look up. */
  readonly groups: readonly string[];
  /** The largest content to return, in bytes; 0 for none. */
  readonly contentLimit: number;
  /** The time limit of the whole inspection, in milliseconds. */
  readonly timeoutMs: number;
}
