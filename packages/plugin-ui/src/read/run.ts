import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { logDirectory, type Store } from "@maand/core/readonly";
import type { RunAnswer, RunRow } from "../contract.ts";
import { eventIn, isOutput, lastEvent } from "../record/events.ts";
import { openRecord, type RecordFile, recordPath } from "../record/record-file.ts";
import { linesFrom } from "../record/record-lines.ts";
import { unknown } from "../server/query.ts";
import { Refused } from "../server/refused.ts";
import { rowOf, runRows } from "./run-rows.ts";
import { TimelineFold } from "./timeline.ts";

/** The number of entries of the history that are searched for the row of a run. */
const SEARCHED = 1_000;
/** Ids are UUIDs; the beginning of an id is enough. */
const ID = /^[0-9a-f-]{1,36}$/;

/** The complete id of a recorded run, from its beginning. Throws 404 and 400. */
export function wholeId(logs: string, given: string): string {
  const directory = join(logs, "runs");
  if (!ID.test(given) || !existsSync(directory)) throw unknown("run", given);
  const ids = readdirSync(directory).filter((id) => id.startsWith(given));
  const [only, other] = ids.includes(given) ? [given] : ids;
  if (only === undefined) throw unknown("run", given);
  if (other === undefined) return only;
  throw new Refused(400, "USAGE", `${ids.length} runs begin with ${given}`, "write a longer part of its id");
}

/** The id of the run whose record was written last. Throws NOT_FOUND if no run is recorded. */
export function newestRun(logs: string): string {
  return basename(logDirectory(logs, { newestRun: true }));
}

/** Reads the record of a run. Throws 404 if there is none. */
export function withRecord<T>(logs: string, id: string, work: (record: RecordFile) => T): T {
  const record = openRecord(recordPath(logs, id));
  if (!record) throw unknown("record of run", id);
  try {
    return work(record);
  } finally {
    record.close();
  }
}

/** A run with its timeline. */
export function runAnswer(store: Store, logs: string, id: string, seq: number): RunAnswer {
  return withRecord(logs, id, (record) => {
    const fold = new TimelineFold();
    for (const { text } of linesFrom(record, 0)) {
      const event = isOutput(text) ? undefined : eventIn(text);
      if (event) fold.add(event);
    }
    const timeline = fold.end();
    const row = runRows(store, logs, { limit: SEARCHED }).find((one) => one.id === id) ?? rowOfRecord(record, id, logs);
    return { run: row, seq, last_event: lastEvent(record)?.seq ?? 0, ...timeline };
  });
}

/** The row of a run that is not in the history, because it changed nothing or is too old. */
function rowOfRecord(record: RecordFile, id: string, logs: string): RunRow {
  const [first] = linesFrom(record, 0);
  const begun = first && eventIn(first.text);
  const last = lastEvent(record);
  const end = last?.type === "run.finished" ? last : undefined;
  return rowOf(
    {
      ...{ number: 0, id, run: null, user: null, machine: null, commit: null, jobs: null, workers: null },
      command: begun?.type === "run.started" ? begun.command : "",
      startedAt: begun?.at ?? "",
      finishedAt: end?.at ?? null,
      outcome: end?.outcome ?? null,
    },
    logs,
    false,
  );
}
