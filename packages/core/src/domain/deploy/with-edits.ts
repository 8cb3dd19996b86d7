import type { Edits } from "../drift/edits.ts";
import type { RecordedState } from "./plan.ts";

/**
 * Combines the recorded state of an allocation with the edits that were found on its worker. If the worker lost its
 * files, and more than files is synced, an allocation that should be running gets the unsettled `loss` instead.
 */
export function withEdits(recorded: RecordedState, edits: Edits | undefined): RecordedState {
  if (!edits) return recorded;
  const { promoted, unsettled } = recorded;
  if (!edits.isLost || edits.syncOnly) return { ...recorded, edits };
  const isLost = promoted !== undefined && !promoted.stopped && unsettled === undefined;
  return { ...recorded, ...(isLost ? { unsettled: { kind: "loss", inDoubt: false, run: 0 } } : {}) };
}
