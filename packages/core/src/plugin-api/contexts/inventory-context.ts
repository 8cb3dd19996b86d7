import type { WorkerContext } from "../base-contexts.ts";

/** A file as it is in a job's directory on a worker. @experimental */
export interface FoundFile {
  /** Relative to the job's directory. */
  readonly path: string;
  /** SHA-256 of its content, lower-case hex. */
  readonly hash: string;
  /** MD5 of its content; absent if the worker cannot compute it. */
  readonly md5?: string;
  /** Bytes. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** Set for a requested file if its hash is not one of the given hashes and the file is not too large. */
  readonly content?: Uint8Array;
}

/** The contents of the bucket's directory on a worker. @experimental */
export interface Inventory {
  /** The text of the files directly in that directory, such as `worker.json`, by name; missing files are omitted. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The files of each job, sorted by path, without links and names in `keep`; a job without a directory is omitted. */
  readonly jobs: ReadonlyMap<string, readonly FoundFile[]>;
}

/** `inventory`: list the files of jobs on a worker, and change nothing there. @experimental */
export interface InventoryContext extends WorkerContext {
  /** Names of files directly in the bucket's directory to return. */
  readonly metadata: readonly string[];
  /**
   * The jobs to list, each with a map from paths to SHA-256 hashes. Also return the content of these files, unless the
   * hash of the content is one of the given hashes.
   */
  readonly jobs: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
  /** Names of files and directories, directly in a job's directory, that the tap must not list. */
  readonly keep: readonly string[];
  /** The largest content to return, in bytes. */
  readonly contentLimit: number;
  /** The timeout of the entire listing, in milliseconds. */
  readonly timeoutMs: number;
}
