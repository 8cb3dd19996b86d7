import type { Edits } from "../drift/edits.ts";
import type { RecordedState } from "./plan.ts";

/** The recorded state of an allocation together with what was found on its worker. */
export function withEdits(recorded: RecordedState, edits: Edits | undefined): RecordedState {
  if (!edits) return recorded;
  const { promoted, unsettled } = recorded;
  if (!edits.isLost || edits.syncOnly) return { ...recorded, edits };
  const isLost = promoted !== undefined && !promoted.stopped && unsettled === undefined;
  return { ...recorded, ...(isLost ? { unsettled: { kind: "loss", inDoubt: false, run: 0 } } : {}) };
}
