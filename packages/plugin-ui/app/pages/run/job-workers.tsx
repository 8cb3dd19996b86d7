import { changeAt, type RunHistory } from "../../model/run/run-history.ts";
import { RUN_SIGNS, signOf, urgency } from "../../model/signs.ts";
import { Sign } from "../../parts/sign.tsx";
import type { OpenLog } from "./failures.tsx";

/** The maximum number of listed allocations; the allocations that need attention come first. */
const SHOWN = 200;

/** The states of a job's allocations after an event, the most urgent first; each allocation opens its log. */
export function JobWorkers({
  history,
  seq,
  job,
  openLog,
}: {
  readonly history: RunHistory;
  readonly seq: number;
  readonly job: string;
  readonly openLog: OpenLog;
}) {
  const rows = [...(history.jobs.get(job)?.workers ?? [])]
    .flatMap(([worker, changes]) => {
      const change = changeAt(changes, seq);
      return change ? [{ worker, change, sign: signOf(RUN_SIGNS, change.state) }] : [];
    })
    .sort((one, other) => urgency(one.sign.level) - urgency(other.sign.level));
  return (
    <ul class="job-workers" aria-label={`Allocations of ${job}`}>
      {rows.slice(0, SHOWN).map(({ worker, change, sign }) => (
        <li key={worker}>
          <button type="button" class="quiet host" onClick={() => openLog({ job, worker })} title="open its log">
            {worker}
          </button>
          <Sign {...sign} /> <span class="muted">{change.note}</span>
        </li>
      ))}
      {rows.length > SHOWN && <li class="muted">and {rows.length - SHOWN} more</li>}
    </ul>
  );
}
