import type { Allocation, Job, JobFile } from "../../domain/workspace/job.ts";
import type { Summary } from "../../run-result.ts";
import type { RunContext } from "../base-contexts.ts";
import type { KvReader } from "../kv.ts";

/** The catalog, and the files that are recorded as running. */
export interface RecordedContext extends RunContext {
  /** The clock. Use it instead of `new Date()`, so that tests can set the time. */
  now(): Date;
  /** All jobs of the catalog. */
  readonly jobs: readonly Job[];
  /** All allocations of the catalog, including removed ones. */
  readonly allocations: readonly Allocation[];
  /** The KV entries that a job may read on any worker. */
  kv(job: Job): KvReader;
  /** The files that are recorded as running for an allocation; none before its first promotion. */
  promotedFiles(allocation: Allocation): readonly JobFile[];
  /** The bytes of a promoted file; undefined if the file is secret or too large to be kept. */
  readPromoted(file: JobFile): Uint8Array | undefined;
}

/** `commit`: the run is over, whatever its outcome. */
export interface CommitContext extends RecordedContext {
  /** The result of the run: its outcome, each allocation, failures and warnings. */
  readonly summary: Summary;
}

/** `commitBuild`: the build is complete and stored. */
export interface CommitBuildContext extends RecordedContext {}
