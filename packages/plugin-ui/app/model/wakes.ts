import type { Wake, WakeKind } from "../../src/contract.ts";

/** The position of a page in the stream. */
export interface WakePosition {
  readonly epoch: string;
  readonly seq: number;
}

/**
 * The position after a message, and whether earlier messages were missed: numbers increase by one, `hello` repeats the
 * last number, and a restarted server has another epoch. The first message of a page is not a gap.
 */
export function wakePosition(
  before: WakePosition | undefined,
  { epoch, seq, kind }: Wake,
): { readonly isGap: boolean; readonly next: WakePosition } {
  const expected = before && (kind === "hello" ? before.seq : before.seq + 1);
  const isGap = before !== undefined && (before.epoch !== epoch || seq !== expected);
  return { isGap, next: { epoch, seq } };
}

/** Whether a message concerns a resource of these kinds and, for a message about a run, of this run. */
export function isWoken(message: Wake, kinds: readonly WakeKind[], run: string | undefined): boolean {
  if (!kinds.includes(message.kind)) return false;
  return message.kind !== "run" || run === undefined || message.run === run;
}
