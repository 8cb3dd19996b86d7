import type { Wake, WakeKind } from "../../src/contract.ts";

/** How far a page has followed the stream. */
export interface WakePosition {
  readonly epoch: string;
  readonly seq: number;
}

/**
 * The position after a message, and whether messages were missed before it: numbers grow by one, `hello` repeats the last one, and
 * a server that was started again has another epoch. The first message of a page is no gap.
 */
export function wakePosition(
  before: WakePosition | undefined,
  { epoch, seq, kind }: Wake,
): { readonly isGap: boolean; readonly next: WakePosition } {
  const expected = before && (kind === "hello" ? before.seq : before.seq + 1);
  const isGap = before !== undefined && (before.epoch !== epoch || seq !== expected);
  return { isGap, next: { epoch, seq } };
}

/** Whether a message concerns what is fetched for these kinds, and for this run if it is about one. */
export function isWoken(message: Wake, kinds: readonly WakeKind[], run: string | undefined): boolean {
  if (!kinds.includes(message.kind)) return false;
  return message.kind !== "run" || run === undefined || message.run === run;
}
