import type { Problem } from "@maand/core";
import type { Meaningless } from "./compare/judge.ts";

/** The result for a worker. */
export interface ImportedWorker {
  readonly host: string;
  /** `update_seq` in its `worker.json`; undefined if it was not read. */
  readonly updateSeq: number | undefined;
  /** Why it is taken over later; undefined if it was taken over. */
  readonly later: string | undefined;
}

/** A file that is only taken over with `--accept`, with its diff. */
export interface RefusedFile {
  readonly path: string;
  readonly why: string;
  /** A unified diff from the file on the worker to the file that maand would render. */
  readonly diff: string;
}

/** The result for an allocation. */
export interface ImportedAllocation {
  readonly job: string;
  readonly host: string;
  readonly version: string;
  readonly state: "promoted" | "disabled" | "removed" | "new";
  /**
   * Whether its files were compared with those on its worker; otherwise they were compared with the files that the Go
   * program recorded.
   */
  readonly isCompared: boolean;
  readonly meaningless: readonly Meaningless[];
  /** The actions of the next deploy, which are the same as before the import; empty if there are none. */
  readonly pending: readonly string[];
  readonly refused: readonly RefusedFile[];
}

/** The result of an import. */
export interface Imported {
  readonly outcome: "imported" | "would import" | "refused" | "nothing to do";
  readonly bucketId: string;
  readonly updateSeq: number;
  readonly counts: {
    readonly workers: number;
    readonly jobs: number;
    readonly allocations: number;
    readonly keys: number;
    readonly versions: number;
    readonly secrets: number;
    readonly certificates: number;
  };
  readonly workers: readonly ImportedWorker[];
  readonly allocations: readonly ImportedAllocation[];
  /** Warnings of the build. */
  readonly problems: readonly Problem[];
  /** The path at which the store of the Go program is kept; "" if it was not replaced. */
  readonly keptStore: string;
}
