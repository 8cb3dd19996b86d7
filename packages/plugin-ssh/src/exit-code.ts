import { constants } from "node:os";

/** What a shell reports for a command that a signal ended. */
export function exitCodeOf(signalName: string | undefined): number {
  const name = `SIG${(signalName ?? "").replace(/^SIG/, "")}`;
  const found = Object.entries(constants.signals).find(([known]) => known === name);
  return 128 + (found?.[1] ?? 0);
}
