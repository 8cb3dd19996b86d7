import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Bucket } from "../../bucket/bucket.ts";
import type { Fence, FenceRecord } from "../../domain/fence/fence-record.ts";
import { MaandError } from "../../errors.ts";
import { COPY_VARIABLE, type CopyPlace, copyPlace, isSameMachine, isSamePlace } from "../../store/fence/copy-place.ts";
import type { BucketCopy } from "../../store/fence/copy-rows.ts";
import type { Touched } from "../../store/fence/history-rows.ts";
import type { Lock } from "../../store/lock/bucket-lock.ts";
import { userName } from "../../workspace/authorship.ts";
import { FenceGuard } from "./fence-guard.ts";

/** A command that may change workers, with its records in the history and on the workers. */
export interface BegunFence {
  readonly fence: Fence;
  readonly record: FenceRecord;
  readonly guard: FenceGuard;
  /** Records what the command changed. */
  touched(what: Touched): void;
  /** Records the outcome of a command without a journal. The outcome of a run is in the journal. */
  ended(outcome: string): void;
}

/** The facts about a command when it begins. */
export interface BeginOptions {
  /** The id of its run, as in the logs. */
  readonly id: string;
  /** The number of its run, if it has a journal. */
  readonly run?: number;
  /** The lock, which is released if the command is refused. */
  readonly lock?: Pick<Lock, "release">;
  /** Make this copy of the bucket the copy to deploy from. */
  readonly adopts?: boolean;
}

/**
 * Records a command that holds the lock and may change workers. Throws OTHER_COPY for a bucket that was copied, or
 * restored in another place, unless the command `adopts` it.
 */
export function beginFence(
  bucket: Bucket,
  command: string,
  { id, run, lock, adopts = false }: BeginOptions,
): BegunFence {
  const { store, now } = bucket;
  const at = now().toISOString();
  const place = { user: userName(), machine: hostname(), path: bucket.paths.root };
  try {
    const { fence, copy } = store.transaction(() => {
      const copy = adopts ? takeCopy(bucket) : currentCopy(bucket);
      const fence = store.history.begin({ command, ...place, at });
      store.history.name(fence.number, id, run);
      return { fence, copy };
    });
    const record = { ...fence, copy: copy.id, command, run: id, at, ...place };
    return {
      fence,
      record,
      guard: new FenceGuard({ record, knows: (holder) => store.history.knows(holder) }),
      touched: (what) => store.history.touch(fence.number, what),
      ended: (outcome) => store.history.finish(fence.number, outcome, now().toISOString()),
    };
  } catch (cause) {
    lock?.release();
    throw cause;
  }
}

/**
 * This copy of the bucket. Updates its record if the bucket was moved, or restored in the same place. Throws OTHER_COPY
 * if the record names another place.
 */
function currentCopy(bucket: Bucket): BucketCopy {
  const { store, paths } = bucket;
  const known = store.copyOf.read();
  // all clones of a bucket in PostgreSQL share one store, whose lease allows only one clone to act at a time
  const place = store.workingCopy ? undefined : copyPlace(paths.store);
  if (!known || !place) return known ?? takeCopy(bucket);
  const isSame = isSamePlace(known.place, place);
  const isThere = known.path === paths.root;
  // a store that was restored at the same path is not a second copy; the fences on workers show whether it is too old
  if (!isSame && !(isThere && isSameMachine(known.place, place))) throw copied(bucket, known, place);
  if (isSame && isThere) return known;
  const moved = { ...known, place, path: paths.root };
  store.copyOf.write(moved);
  return moved;
}

/**
 * Makes this copy the one to deploy from, under a new id. The earlier commands stay in the history under the old id.
 */
function takeCopy({ store, paths, now }: Bucket): BucketCopy {
  const copy = {
    id: randomBytes(8).toString("hex"),
    place: copyPlace(paths.store) ?? { name: paths.store },
    ...{ user: userName(), machine: hostname(), path: paths.root, since: now().toISOString() },
  };
  store.copyOf.write(copy);
  return copy;
}

function copied({ paths }: Bucket, known: BucketCopy, place: CopyPlace): MaandError {
  const named = "name" in known.place ? ` (${COPY_VARIABLE}=${known.place.name})` : "";
  const was = `${known.path} on ${known.machine}${named}, used by ${known.user} since ${known.since}`;
  const self = "name" in place ? ` (${COPY_VARIABLE}=${place.name})` : "";
  return new MaandError({
    code: "OTHER_COPY",
    message: `${paths.root}${self} is a copy of the bucket ${was}; nothing was changed`,
    hint:
      "name" in known.place && !("name" in place)
        ? `set ${COPY_VARIABLE}=${known.place.name}, or run maand adopt to deploy from here without it`
        : "deploy from there; or, if it was restored or moved and the other one is no longer used, run maand adopt here",
    refused: true,
  });
}
