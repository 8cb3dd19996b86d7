import { useState } from "preact/hooks";
import type { RunRow, RunsAnswer } from "../../src/contract.ts";
import { refine } from "../data/navigation.ts";
import { currentSource, useResource } from "../data/resource.ts";
import { route } from "../model/route.ts";
import { JobLink, WorkerLink } from "../parts/link.tsx";
import { Loaded } from "../parts/notice.tsx";
import { RunTable } from "../parts/run-table.tsx";

/** All runs, newest first, or only the runs of one job or worker if the URL names one. */
export function HistoryPage({ query }: { readonly query: URLSearchParams }) {
  const [job, worker] = [query.get("job") ?? "", query.get("worker") ?? ""];
  const filter = { job, worker };
  const runs = useResource<RunsAnswer>("runs", filter, ["fleet", "run"]).value;
  return (
    <>
      <h1>History</h1>
      {(job || worker) && (
        <p class="muted">
          of {job && <JobLink job={job} />} {worker && <WorkerLink worker={worker} />}{" "}
          <button type="button" class="quiet small" onClick={() => refine(route("history"))}>
            show all
          </button>
        </p>
      )}
      <Loaded shown={runs}>{(first) => <Runs key={`${job} ${worker}`} first={first} filter={filter} />}</Loaded>
    </>
  );
}

/** The newest runs, and older runs on request. */
function Runs({ first, filter }: { readonly first: RunsAnswer; readonly filter: Readonly<Record<string, string>> }) {
  const [older, setOlder] = useState<readonly RunRow[]>([]);
  const [next, setNext] = useState<number | null>();
  const before = next === undefined ? first.next : next;
  const more = async () => {
    const answer = await currentSource().get<RunsAnswer>("runs", { ...filter, before: before ?? undefined });
    setOlder([...older, ...answer.runs]);
    setNext(answer.next);
  };
  const known = new Set(first.runs.map(({ number }) => number));
  return (
    <>
      <RunTable caption="History" runs={[...first.runs, ...older.filter(({ number }) => !known.has(number))]} />
      {before !== null && (
        <button type="button" onClick={() => void more()}>
          Show older runs
        </button>
      )}
    </>
  );
}
