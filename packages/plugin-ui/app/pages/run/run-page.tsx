import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { announce } from "../../data/announce.ts";
import { now } from "../../data/clock.ts";
import { type FollowedRun, followRun } from "../../data/follow-run.ts";
import { refine } from "../../data/navigation.ts";
import { countText } from "../../model/count-text.ts";
import { route } from "../../model/route.ts";
import { viewAt } from "../../model/run/run-view.ts";
import { RUN_SIGNS, signOf } from "../../model/signs.ts";
import { Empty, ErrorNotice } from "../../parts/notice.tsx";
import { Failures } from "./failures.tsx";
import { LogPanel } from "./log-panel.tsx";
import { Replay } from "./replay.tsx";
import { RunHead } from "./run-head.tsx";
import { Timeline } from "./timeline.tsx";

/** A run, live or past: its batches over time, its failures, and the output of its allocations. */
export function RunPage({ id, query }: { readonly id: string; readonly query: URLSearchParams }) {
  const following = useMemo(() => followRun(id), [id]);
  useEffect(() => () => following.stop(), [following]);
  const run = following.run.value;
  if (run.answer === undefined && run.error) return <ErrorNotice error={run.error} />;
  if (run.answer === undefined || (run.version === 0 && run.answer.last_event > 0)) return <Empty>Loading …</Empty>;
  return <Run id={id} run={run} query={query} />;
}

function Run({ id, run, query }: { readonly id: string; readonly run: FollowedRun; readonly query: URLSearchParams }) {
  const { history, version, answer, error } = run;
  /** The shown event; undefined means the last event, also while new events arrive. */
  const [at, setAt] = useState<number>();
  const view = useMemo(() => viewAt(history, at ?? history.seq), [history, version, at]);
  const [job, worker] = [query.get("job") ?? "", query.get("worker") ?? ""];
  const isRunning = answer?.run.result === "running";
  const until = isRunning && at === undefined ? Math.max(history.at, now.value) : history.at;
  const output = useRef<HTMLElement>(null);
  useAnnouncements(answer?.run.result ?? "", at === undefined ? view.failures.length : 0);
  const openLog = (of: { readonly job?: string; readonly worker?: string }) => {
    refine(route("run", id, of));
    output.current?.scrollIntoView({ block: "nearest" });
    output.current?.focus({ preventScroll: true });
  };
  return (
    <>
      {answer && <RunHead answer={answer} view={view} isPast={at !== undefined} />}
      {error && <ErrorNotice error={error} />}
      <Failures failures={view.failures} openLog={openLog} />
      <section aria-label="Timeline">
        <h2>Timeline</h2>
        <Replay history={history} at={at} setAt={setAt} view={view} isLive={isRunning} />
        <Timeline history={history} view={view} until={until} openLog={openLog} />
      </section>
      <section aria-label="Output" ref={output} tabIndex={-1}>
        <h2>Output</h2>
        <LogPanel
          key={`${job}@${worker}`}
          id={answer?.run.id ?? id}
          history={history}
          job={job}
          worker={worker}
          choose={openLog}
          isOver={run.isOver}
        />
      </section>
    </>
  );
}

/** Announces failures of a watched run, and its end. */
function useAnnouncements(result: string, failures: number): void {
  const before = useRef({ result, failures });
  useEffect(() => {
    const { result: last, failures: known } = before.current;
    before.current = { result, failures };
    if (last === "running" && result !== "running") announce(`the run ended: ${signOf(RUN_SIGNS, result).text}`);
    else if (result === "running" && failures > known) announce(countText(failures, "failure"));
  }, [result, failures]);
}
