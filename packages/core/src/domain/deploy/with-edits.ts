import type { Edits } from "../drift/edits.ts";
import type { RecordedState } from "./plan.ts";

/**
 * Combines the recorded state of an allocation with the edits that were found on its worker. If the worker lost its
 * files and the repair is not limited to a sync, the edits are left out. An allocation that should be running then gets
 * the unsettled kind `loss`, unless it is already unsettled.
 */
export function withEdits(recorded: RecordedState, edits: Edits | undefined): RecordedState {
  if (!edits) return recorded;
  const { promoted, unsettled } = recorded;
  if (!edits.isLost || edits.syncOnly) return { ...recorded, edits };
  const isLost = promoted !== undefined && !promoted.stopped && unsettled === undefined;
  return { ...recorded, ...(isLost ? { unsettled: { kind: "loss", inDoubt: false, run: 0 } } : {}) };
}
