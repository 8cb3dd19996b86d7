import type { ExpectedFile } from "../../domain/drift/compare-files.ts";
import type { Allocation } from "../../domain/workspace/job.ts";
import type { ExpectedAllocation, InspectSource } from "./inspect-worker.ts";

/** An allocation whose files cannot be compared, and the reason. */
export interface NotCompared {
  readonly allocation: Allocation;
  readonly reason: string;
}

/** The allocations of a worker: those whose files can be compared, and those whose files cannot. */
export interface ExpectedOnWorker {
  readonly expected: readonly ExpectedAllocation[];
  readonly notCompared: readonly NotCompared[];
}

/**
 * The files that should be on workers: the promoted files, if they are also the files of the last sync. Allocations
 * with the same files share one list, which is read from the store once.
 */
export class ExpectedFiles {
  readonly #source: InspectSource;
  readonly #trees = new Map<string, readonly ExpectedFile[]>();

  constructor(source: InspectSource) {
    this.#source = source;
  }

  /**
   * The allocations of these jobs on a worker, or of all jobs if `jobs` is empty. Omits allocations without recorded
   * files.
   */
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
    return "its last sync did not finish; the next deploy syncs its files again";
  return "its files are from a deploy that did not succeed; the next deploy syncs them again";
}
