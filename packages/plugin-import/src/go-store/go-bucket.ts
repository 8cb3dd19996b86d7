import type { Allocation } from "@maand/core";
import type { KvRow } from "@maand/core/internal";

/** A worker of a Go bucket. It is in the catalog, or was removed from the catalog but still has allocations. */
export interface GoWorker {
  readonly host: string;
  /** Undefined for a worker that is no longer in the catalog. */
  readonly id: string | undefined;
}

/** A job of a Go bucket as of its last build. */
export interface GoJob {
  readonly name: string;
  readonly version: string;
  readonly deploymentSeq: number;
  readonly ports: Readonly<Record<string, number>>;
}

/** What the Go program recorded about the deploys of one allocation. */
export interface GoDeployed {
  /** MD5 of each file of the last promoted tree, by path; undefined if nothing runs or nothing was recorded. */
  readonly files: ReadonlyMap<string, string> | undefined;
  /** The last promoted version; `0.0.0` before the first promotion. */
  readonly version: string;
  readonly healthFailed: boolean;
}

/** A KV row with its namespace. */
export interface GoKvRow extends KvRow {
  readonly namespace: string;
}

/** A bucket of the Go program, as in its store. */
export interface GoBucket {
  readonly id: string;
  readonly updateSeq: number;
  readonly workers: readonly GoWorker[];
  /** Jobs of the catalog, and removed jobs that still have allocations. */
  readonly jobs: readonly GoJob[];
  readonly allocations: readonly Allocation[];
  /** By allocation id; absent if nothing was ever planned. */
  readonly deployed: ReadonlyMap<string, GoDeployed>;
  /** MD5 of the files in `_prometheus/` of all jobs as of the last build, by path: `web/_prometheus/scrape.yaml`. */
  readonly prometheusFiles: ReadonlyMap<string, string>;
  /** Every version of every KV entry, oldest first. */
  readonly kv: readonly GoKvRow[];
}
