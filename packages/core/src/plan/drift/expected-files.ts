import type { ExpectedFile } from "../../domain/drift/compare-files.ts";
import type { Allocation } from "../../domain/workspace/job.ts";
import type { ExpectedAllocation, InspectSource } from "./inspect-worker.ts";

/** An allocation whose files cannot be compared, and the reason. */
export interface NotCompared {
  readonly allocation: Allocation;
  readonly reason: string;
}

/** The allocations of a worker: those to compare, and those whose files are not known. */
export interface ExpectedOnWorker {
  readonly expected: readonly ExpectedAllocation[];
  readonly notCompared: readonly NotCompared[];
}

/**
 * The files that should be on workers, by host: the files that were last synced and promoted. The store is read once
 * for each distinct tree, not once for each allocation.
 */
export class ExpectedFiles {
  readonly #source: InspectSource;
  readonly #trees = new Map<string, readonly ExpectedFile[]>();

  constructor(source: InspectSource) {
    this.#source = source;
  }

  /** The allocations of some jobs on a worker, or of all jobs if none is named. Removed allocations are omitted. */
  on(host: string, jobs: readonly string[]): ExpectedOnWorker {
    const expected: ExpectedAllocation[] = [];
    const notCompared: NotCompared[] = [];
    for (const allocation of this.#source.allocationsOn.get(host) ?? []) {
      if (jobs.length > 0 && !jobs.includes(allocation.job)) continue;
      const { staged, promoted } = this.#source.recorded(allocation.id);
      if (staged === undefined && promoted === undefined) continue;
      if (promoted && staged === promoted.digest) expected.push({ allocation, files: this.#filesOf(promoted.digest) });
      else notCompared.push({ allocation, reason: reasonOf(staged) });
    }
    return { expected, notCompared };
  }

  #filesOf(digest: string): readonly ExpectedFile[] {
    const known = this.#trees.get(digest);
    if (known) return known;
    const files = this.#source.bucket.store.promoted.files(digest);
    this.#trees.set(digest, files);
    return files;
  }
}

function reasonOf(staged: string | undefined): string {
  if (staged === "unknown" || staged === undefined)
    return "its last sync did not finish, so the next deploy syncs it again";
  return "its files are from a deploy that did not succeed, so the next deploy syncs it again";
}
