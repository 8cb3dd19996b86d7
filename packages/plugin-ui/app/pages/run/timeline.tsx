import { useState } from "preact/hooks";
import type { RunHistory } from "../../model/run/run-history.ts";
import type { BatchView, JobView, RunView } from "../../model/run/run-view.ts";
import { RUN_SIGNS, signOf } from "../../model/signs.ts";
import { durationText } from "../../model/time-text.ts";
import { Empty } from "../../parts/notice.tsx";
import { StateOf } from "../../parts/sign.tsx";
import type { OpenLog } from "./failures.tsx";
import { JobWorkers } from "./job-workers.tsx";

/** The jobs of a run in their order, with their batches over time. A job can be expanded to its allocations. */
export function Timeline({
  history,
  view,
  until,
  openLog,
}: {
  readonly history: RunHistory;
  readonly view: RunView;
  /** The right edge in milliseconds: the current time for a live run, otherwise its end. */
  readonly until: number;
  readonly openLog: OpenLog;
}) {
  const [opened, setOpened] = useState<string>();
  const from = history.startedAt ?? until;
  const span = Math.max(1, until - from);
  const active = view.jobs.filter(({ state }) => state.state !== "skipped");
  const skipped = view.jobs.length - active.length;
  if (view.jobs.length === 0) return <Empty>No job has begun.</Empty>;
  return (
    <>
      <ol class="timeline">
        {active.map((job) => (
          <li key={job.name}>
            <JobLine
              job={job}
              from={from}
              span={span}
              now={Math.max(view.at, view.end ? view.at : Math.min(until, view.seq < history.seq ? view.at : until))}
              isOpen={opened === job.name}
              toggle={() => setOpened(opened === job.name ? undefined : job.name)}
            />
            {opened === job.name && <JobWorkers history={history} seq={view.seq} job={job.name} openLog={openLog} />}
          </li>
        ))}
      </ol>
      {skipped > 0 && <p class="muted">{skipped === 1 ? "1 job" : `${skipped} jobs`} with nothing to do</p>}
    </>
  );
}

function JobLine({
  job: { name, state, batches, counts, total },
  from,
  span,
  now,
  isOpen,
  toggle,
}: {
  readonly job: JobView;
  readonly from: number;
  readonly span: number;
  readonly now: number;
  readonly isOpen: boolean;
  readonly toggle: () => void;
}) {
  const done = counts.find(([key]) => key === "ok")?.[1] ?? 0;
  const bad = counts.reduce((sum, [key, count]) => sum + (signOf(RUN_SIGNS, key).level === "bad" ? count : 0), 0);
  return (
    <div class="job-line">
      <button type="button" class="quiet job-name" aria-expanded={isOpen} onClick={toggle}>
        {name}
      </button>
      <span class="job-state">
        <StateOf table={RUN_SIGNS} state={state.state} />
      </span>
      <span class="job-count">
        {done}/{total}
        {bad > 0 && <b class="bad"> {bad} failed</b>}
      </span>
      <div class="track">
        {batches.map((batch) => (
          <Segment key={batch.batch.begin.seq} view={batch} from={from} span={span} now={now} />
        ))}
      </div>
      <span class="job-note muted">{state.note}</span>
    </div>
  );
}

/** A batch as a bar from its beginning to its end, with the symbol of its state. */
function Segment({
  view: { batch, state, endedAt },
  from,
  span,
  now,
}: {
  readonly view: BatchView;
  readonly from: number;
  readonly span: number;
  readonly now: number;
}) {
  const { index, count, begin, workers } = batch;
  const end = Math.max(begin.at, endedAt ?? now);
  const { sign, level, text } = signOf(RUN_SIGNS, state);
  const about = `batch ${index + 1} of ${count}, ${workers.length === 1 ? "1 worker" : `${workers.length} workers`}: ${text}, ${durationText(end - begin.at)}`;
  return (
    <span
      class={`segment ${level}`}
      role="img"
      aria-label={about}
      title={about}
      style={{ left: `${percent(begin.at - from, span)}%`, width: `${percent(end - begin.at, span)}%` }}
    >
      <span aria-hidden="true">{sign}</span>
    </span>
  );
}

function percent(part: number, whole: number): number {
  return Math.max(0, Math.min(100, Math.round((part / whole) * 10_000) / 100));
}
