import { type FenceRecord, fenceLine, fenceText, originText, readFence } from "../../domain/fence/fence-record.ts";
import { MaandError } from "../../errors.ts";
import type { WorkerFence } from "../../remote/fence/worker-fence.ts";

/** The input of the guard of a command. */
export interface GuardSource {
  /** The record that the command leaves on the workers that it changes. */
  readonly record: FenceRecord;
  /**
   * Whether this copy of the bucket ran the command of this holder, or has adopted the work of the copy that ran it.
   */
  knows(holder: string): boolean;
}

/**
 * Decides which workers one command may change. It may change a worker that has no record of a command. It may change
 * any other worker only if this copy of the bucket knows the recorded command, and if that command is not newer. If one
 * worker is refused because of another copy, all later workers are refused too.
 */
export class FenceGuard {
  readonly #source: GuardSource;
  #refusal: MaandError | undefined;

  constructor(source: GuardSource) {
    this.#source = source;
  }

  /** The fence of a worker, for the plugins that change it. */
  of(host: string): WorkerFence {
    const { record } = this.#source;
    const line = fenceLine(record);
    let expected = line;
    return {
      line,
      text: fenceText(record),
      get expected() {
        return expected;
      },
      admit: (found) => {
        expected = this.#admit(host, found) ?? line;
      },
    };
  }

  /** Returns the line that may be replaced; undefined if the worker has no record. */
  #admit(host: string, text: string): string | undefined {
    const { record: own, knows } = this.#source;
    const found = readFence(text);
    if (found && "record" in found && fenceLine(found.record) === fenceLine(own)) return fenceLine(own);
    if (this.#refusal) throw notBegun(host, this.#refusal);
    if (!found) return undefined;
    if ("problem" in found) throw broken(host, found.problem);
    const { record } = found;
    if (!knows(record.holder)) {
      this.#refusal = unknownCopy(host, record, own);
      throw this.#refusal;
    }
    if (record.number > own.number) throw takenOver(host, record);
    return fenceLine(record);
  }
}

/** The error for a worker that was changed by a command that this copy does not know. */
function unknownCopy(host: string, record: FenceRecord, own: Pick<FenceRecord, "copy">): MaandError {
  return new MaandError({
    code: "OTHER_COPY",
    worker: host,
    message: `${unknownText(host, record, own.copy)}; nothing was changed there`,
    hint: record.copy === own.copy ? OLDER_HINT : FOREIGN_HINT,
  });
}

/**
 * Describes the command that last changed a worker, if this copy of the bucket has no record of that command. `own` is
 * the id of this copy.
 */
export function unknownText(host: string, record: FenceRecord, own: string | undefined): string {
  return record.copy === own
    ? `${host} is ahead of this bucket, whose store is older: it was last changed by ${originText(record)}`
    : `${host} was last changed from another copy of this bucket: ${originText(record)}`;
}

/** What to do about a worker that was last changed from another copy. */
export const FOREIGN_HINT =
  "deploy from there; or, if that copy is no longer used, run maand adopt here, then maand deploy --verify";

/** What to do about a worker that is ahead of the store of this copy. */
export const OLDER_HINT = "if the store was restored from a backup, run maand adopt, then maand deploy --verify";

function notBegun(host: string, refusal: MaandError): MaandError {
  return new MaandError({
    code: "OTHER_COPY",
    worker: host,
    message: `nothing was started on ${host}: ${refusal.message}`,
    ...(refusal.hint === undefined ? {} : { hint: refusal.hint }),
  });
}

function takenOver(host: string, record: FenceRecord): MaandError {
  return new MaandError({
    code: "FENCED",
    worker: host,
    message: `${host} refuses this command, because a newer one has changed it: ${originText(record)}`,
    hint: "to see it, run maand history; run the command again if it is still needed",
  });
}

function broken(host: string, problem: string): MaandError {
  return new MaandError({
    code: "FENCE_BROKEN",
    worker: host,
    message: `the file fence in the bucket's directory on ${host} cannot be trusted: ${problem}`,
    hint: `find out what wrote it; then remove it there, and run the command again`,
  });
}
