import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { followLog } from "../../data/follow-log.ts";
import { linesOf, olderThan, rowOf, visibleText } from "../../model/run/log-window.ts";
import type { RunHistory } from "../../model/run/run-history.ts";
import { clockText } from "../../model/time-text.ts";
import { windowRows } from "../../model/window-rows.ts";
import { Empty, ErrorNotice } from "../../parts/notice.tsx";
import { reachable } from "../../parts/reachable.ts";
import type { OpenLog } from "./failures.tsx";

/** The same size as in run.css. */
const LINE = 20;
/** The distance from an end of the kept lines at which the next lines are fetched. */
const NEAR = 40 * LINE;

interface PanelProps {
  readonly id: string;
  readonly history: RunHistory;
  readonly job: string;
  readonly worker: string;
  readonly choose: OpenLog;
  readonly isOver: boolean;
}

/** The output of a run, of one job or of one allocation, opened at its end. Only the lines in view are elements. */
export function LogPanel({ id, history, job, worker, choose, isOver }: PanelProps) {
  const workers = job === "" ? [] : [...(history.jobs.get(job)?.workers.keys() ?? [])];
  return (
    <>
      <div class="fields">
        <select
          aria-label="Output of job"
          value={job}
          onChange={({ currentTarget }) => choose({ job: currentTarget.value })}
        >
          <option value="">all jobs</option>
          {[...history.jobs.keys()].map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        {job !== "" && (
          <select
            aria-label="Output of worker"
            value={worker}
            onChange={({ currentTarget }) => choose({ job, worker: currentTarget.value })}
          >
            <option value="">all workers</option>
            {workers.map((host) => (
              <option key={host} value={host}>
                {host}
              </option>
            ))}
          </select>
        )}
      </div>
      <Lines id={id} job={job} worker={worker} isOver={isOver} />
    </>
  );
}

function Lines({ id, job, worker, isOver }: Pick<PanelProps, "id" | "job" | "worker" | "isOver">) {
  const log = useMemo(() => followLog(id, { job, worker }), [id, job, worker]);
  useEffect(() => () => log.stop(), [log]);
  const { window: kept, error } = log.state.value;
  const lines = useMemo(() => (kept ? linesOf(kept) : []), [kept]);
  const box = useRef<HTMLElement>(null);
  const [view, setView] = useState({ top: 0, height: 400 });
  /**
   * The visible part: the end, to which new lines scroll, or a line that stays in place when other lines are added or
   * removed.
   */
  const place = useRef({ isAtEnd: true, line: 0, offset: 0 });
  useLayoutEffect(() => {
    const element = box.current;
    reachable(element);
    if (!element) return;
    const { isAtEnd, line, offset } = place.current;
    element.scrollTop = isAtEnd ? element.scrollHeight : rowOf(lines, line) * LINE + offset;
    look();
  }, [lines]);
  const look = () => {
    const element = box.current;
    if (!element) return;
    const { scrollTop: top, clientHeight: height, scrollHeight: all } = element;
    const line = lines[Math.floor(top / LINE)]?.seq ?? 0;
    place.current = { isAtEnd: all - top - height < LINE, line, offset: top % LINE };
    setView({ top, height });
    if (top < NEAR) log.older();
    if (all - top - height < NEAR) log.newer();
  };
  if (error && !kept) return <ErrorNotice error={error} />;
  if (!kept) return <Empty>Loading …</Empty>;
  if (lines.length === 0) return <Empty>{isOver ? "It printed nothing." : "Nothing was printed yet."}</Empty>;
  const { first, end } = windowRows(lines.length, LINE, view.top, view.height, 20);
  return (
    <section class="log" aria-label="Lines of output" ref={box} onScroll={look}>
      {olderThan(kept) === null && <p class="unseen">beginning of the output</p>}
      <div class="log-all" style={{ height: `${lines.length * LINE}px` }}>
        <div class="log-shown" style={{ transform: `translateY(${first * LINE}px)` }}>
          {lines.slice(first, end).map((line) => (
            <div key={line.seq} class={`log-line ${line.stream}`}>
              <time class="muted">{clockText(line.at, Date.parse(line.at))}</time>
              <span class="from">{worker === "" ? from(line) : ""}</span>
              <span class="mark">{line.stream === "stderr" ? "!" : "|"}</span>
              <span class="text">{visibleText(line.text)}</span>
            </div>
          ))}
        </div>
      </div>
    </section>
  );
}

function from({ job, worker }: { readonly job: string | null; readonly worker: string | null }): string {
  return [job, worker].filter((part) => part !== null).join("@");
}
