import pLimit from "p-limit";
import { asMaandError } from "../../bucket/error-outcome.ts";
import { stopIfInterrupted } from "../../bucket/interruption.ts";
import { driftKey, type FileDrift, repairChanges } from "../../domain/drift/compare-files.ts";
import { driftText, type Edits } from "../../domain/drift/edits.ts";
import type { Allocation } from "../../domain/workspace/job.ts";
import type { Worker } from "../../domain/workspace/worker.ts";
import { MaandError } from "../../errors.ts";
import type { Repair } from "../../store/fleet/repair-rows.ts";
import { ExpectedFiles } from "./expected-files.ts";
import { type AllocationDrift, type InspectSource, inspectWorker } from "./inspect-worker.ts";

/**
 * How a deploy repairs differences: only the files, or the files and then the lifecycle commands of the restart policy.
 */
export type RepairMode = "sync" | "policy";

/** An allocation whose files differ from the promoted files. */
export interface FoundRepair {
  readonly allocation: Allocation;
  readonly drift: readonly FileDrift[];
  readonly edits: Edits;
}

/** The differences that a deploy found on the workers before it changed them. */
export interface FoundRepairs {
  /** By allocation id. */
  readonly allocations: ReadonlyMap<string, FoundRepair>;
  /** Metadata that differs, by host. */
  readonly metadata: ReadonlyMap<string, readonly FileDrift[]>;
  /** Workers that have no files of the bucket. */
  readonly lost: ReadonlySet<string>;
  /** Workers that could not be inspected, with the error. */
  readonly failed: ReadonlyMap<string, unknown>;
  /** Allocations that are not repaired, because the same difference came back after several repairs. */
  readonly recurring: readonly RecurringDrift[];
}

/** A difference that came back after every repair. */
export interface RecurringDrift {
  readonly allocation: Allocation;
  readonly drift: readonly FileDrift[];
  readonly error: MaandError;
}

/** The options of a verification. */
export interface VerifyOptions {
  readonly mode: RepairMode;
  /** Only these jobs. */
  readonly jobs: readonly string[];
  readonly workers: readonly Worker[];
  /** Also repair differences that were repaired {@link MOST_REPAIRS} times in the same way. */
  readonly again?: boolean | undefined;
}

/**
 * The number of successive repairs after which the same difference is not repaired again: more repairs would only hide
 * its cause.
 */
export const MOST_REPAIRS = 3;

/** The number of workers that are inspected in parallel. */
const AT_ONCE = 64;

/**
 * Compares the files on workers with the files that were synced to them, and returns the differences that a deploy must
 * repair. Changes nothing. A worker that cannot be inspected is in `failed`. Throws INTERRUPTED.
 */
export async function findRepairs(
  source: InspectSource,
  { mode, jobs, workers, again = false }: VerifyOptions,
): Promise<FoundRepairs> {
  const files = new ExpectedFiles(source);
  const found = {
    allocations: new Map<string, FoundRepair>(),
    metadata: new Map<string, readonly FileDrift[]>(),
    lost: new Set<string>(),
    failed: new Map<string, unknown>(),
    recurring: [] as RecurringDrift[],
  };
  const repairs = source.bucket.store.repairs.all();
  const recurring = ({ allocation, drift }: AllocationDrift) => {
    const last = repairs.get(allocation.host)?.get(allocation.job);
    if (again || last === undefined || last.times < MOST_REPAIRS || last.difference !== driftKey(drift))
      return undefined;
    return { allocation, drift, error: recurs(allocation, drift, last) };
  };
  const look = async (worker: Worker) => {
    if (source.delivery(worker.host)?.seq === undefined) return;
    try {
      stopIfInterrupted(source.bucket.signal);
      const { expected } = files.on(worker.host, jobs);
      const { isLost, metadata, allocations } = await inspectWorker(source, worker, { expected, contents: false });
      if (isLost) found.lost.add(worker.host);
      if (isLost || metadata.length > 0) found.metadata.set(worker.host, metadata);
      for (const one of allocations.filter(({ drift }) => drift.length > 0)) {
        const same = isLost ? undefined : recurring(one);
        if (same) found.recurring.push(same);
        else found.allocations.set(one.allocation.id, repairOf(one, mode, isLost));
      }
    } catch (cause) {
      if (asMaandError(cause).code === "INTERRUPTED") throw cause;
      found.failed.set(worker.host, cause);
    }
  };
  const limit = pLimit(AT_ONCE);
  await Promise.all(workers.map((worker) => limit(() => look(worker))));
  return found;
}

function recurs({ job, host }: Allocation, drift: readonly FileDrift[], { times, firstAt }: Repair): MaandError {
  return new MaandError({
    code: "DRIFT_RECURS",
    message: `${job} on ${host} was repaired ${times} times in the same way since ${firstAt}, and differs again: ${driftText(drift)}`,
    hint: `find out what changes it there, or list what the job writes itself under "keep" in its manifest; then repair it with maand deploy --verify --repair-again --jobs ${job}`,
    worker: host,
  });
}

function repairOf(
  { allocation, drift, files, isGone }: AllocationDrift,
  mode: RepairMode,
  isLost: boolean,
): FoundRepair {
  const text = isGone ? "its directory is missing" : driftText(drift);
  const edits = { files: repairChanges(drift, files), text, syncOnly: mode === "sync", isLost };
  return { allocation, drift, edits };
}

/** The edits by allocation id, for planning; undefined if the workers were not inspected. */
export function editsOf(found: FoundRepairs | undefined): ReadonlyMap<string, Edits> | undefined {
  return found && new Map([...found.allocations].map(([id, { edits }]) => [id, edits]));
}
