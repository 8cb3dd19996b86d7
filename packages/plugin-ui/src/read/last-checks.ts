import type { Store } from "@maand/core/readonly";
import type { AllocationRow } from "../contract.ts";
import { eventIn } from "../record/events.ts";
import { openRecord, recordPath } from "../record/record-file.ts";
import { linesBefore } from "../record/record-lines.ts";

/**
 * The number of runs whose checks are read, and the number of bytes from the end of each record, because checks are at
 * the end of a job's rollout.
 */
const RUNS = 5;
const MOST_BYTES = 4 * 1024 * 1024;

type Check = NonNullable<AllocationRow["health"]>;

/**
 * The last result of a health check by allocation, `job@worker`, from the records of the newest runs. It is an
 * observation of that time and does not decide the state of the allocation, so it is shown separately, with its age.
 */
export function lastChecks(store: Store, logs: string): ReadonlyMap<string, Check> {
  const found = new Map<string, Check>();
  for (const { id } of store.history.list({ limit: RUNS })) if (id !== null) addChecks(found, recordPath(logs, id));
  return found;
}

function addChecks(found: Map<string, Check>, path: string): void {
  const record = openRecord(path);
  if (!record) return;
  try {
    for (const { text, start } of linesBefore(record, record.size)) {
      if (record.size - start > MOST_BYTES) return;
      if (!text.includes('"type":"health.checked"')) continue;
      const event = eventIn(text);
      if (event?.type !== "health.checked") continue;
      const key = `${event.job}@${event.worker}`;
      if (found.has(key)) continue;
      found.set(key, { ok: event.ok, check: event.check, message: event.message, at: event.at });
    }
  } finally {
    record.close();
  }
}
