import type { Remote } from "../remote.ts";

/**
 * The fence of one worker for one command. The command sends its fence with everything that changes the worker, so the
 * worker can refuse all but the newest command.
 */
export interface WorkerFence {
  /** The first line of the record: number and holder. */
  readonly line: string;
  /** The whole record, as it is written to the worker. */
  readonly text: string;
  /** The line that the worker is expected to have: a line that was accepted, otherwise the command's own line. */
  readonly expected: string;
  /**
   * Accepts or refuses the record on the worker; `found` is empty if it has none. Throws OTHER_COPY, FENCED or
   * FENCE_BROKEN if this command must not change the worker.
   */
  admit(found: string): void;
}

/**
 * Fences of the connections of commands that hold the bucket's lock. The fences are kept here, so transports need no
 * code for them.
 */
const fences = new WeakMap<object, WorkerFence>();

/** Gives a connection its fence. */
export function setFence(remote: Remote, fence: WorkerFence | undefined): void {
  if (fence) fences.set(remote, fence);
}

/** The fence of a connection; undefined for commands that only read. */
export function fenceOf(remote: object): WorkerFence | undefined {
  return fences.get(remote);
}
