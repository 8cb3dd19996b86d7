import { existsSync } from "node:fs";
import { type HistoryEntry, type Holder, lockHolder, type Store } from "@maand/core/readonly";
import type { Level, RunRow } from "../contract.ts";
import { recordPath } from "../record/record-file.ts";

/** A selection of commands, newest first. */
export interface RunsFilter {
  readonly job?: string | undefined;
  readonly worker?: string | undefined;
  /** Only commands with smaller numbers. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** A command as in the history; for a command without a row there, as in its record. */
type Command = Omit<HistoryEntry, "path">;

/** The commands of the history. */
export function runRows(store: Store, logs: string, filter: RunsFilter): RunRow[] {
  const holder = lockHolder(store.holder);
  const [newest] = store.history.list({ limit: 1 });
  return store.history
    .list(filter)
    .map((entry) => rowOf(entry, logs, entry.number === newest?.number && isOf(holder, entry)));
}

/** A row from an entry; `isRunning` means that its process is known to be alive. */
export function rowOf(entry: Command, logs: string, isRunning: boolean): RunRow {
  const { number, id, run, command, user, machine, commit, startedAt, finishedAt, outcome, jobs, workers } = entry;
  const result = outcome ?? (isRunning ? "running" : "unknown");
  return {
    ...{ number, id, run, command, user, machine, commit },
    started_at: startedAt,
    finished_at: finishedAt,
    duration_ms: finishedAt === null ? null : Date.parse(finishedAt) - Date.parse(startedAt),
    result,
    level: LEVELS[result] ?? "bad",
    ...{ jobs, workers },
    recorded: id !== null && existsSync(recordPath(logs, id)),
  };
}

/** Whether the holder of the lock is the command of an entry: it took the lock before the entry was written. */
function isOf(holder: Holder | undefined, { startedAt, finishedAt }: HistoryEntry): boolean {
  return holder !== undefined && finishedAt === null && holder.since <= startedAt;
}

const LEVELS: Readonly<Record<string, Level>> = {
  ok: "ok",
  paused: "warn",
  running: "info",
  refused: "warn",
  interrupted: "warn",
};
