import type { Edits } from "../drift/edits.ts";
import type { RecordedState } from "./plan.ts";

/** Combines the recorded state of an allocation with the edits that were found on its worker. */
export function withEdits(recorded: RecordedState, edits: Edits | undefined): RecordedState {
  if (!edits) return recorded;
  const { promoted, unsettled } = recorded;
  if (!edits.isLost || edits.syncOnly) return { ...recorded, edits };
  const isLost = promoted !== undefined && !promoted.stopped && unsettled === undefined;
  return { ...recorded, ...(isLost ? { unsettled: { kind: "loss", inDoubt: false, run: 0 } } : {}) };
}
