import type { RunRow } from "../../src/contract.ts";
import { someText } from "../model/count-text.ts";
import { RUN_SIGNS } from "../model/signs.ts";
import { durationText } from "../model/time-text.ts";
import { Ago } from "./age.tsx";
import { To } from "./link.tsx";
import { StateOf } from "./sign.tsx";
import { Table, type TableColumn } from "./table.tsx";

const COLUMNS: readonly TableColumn<RunRow>[] = [
  { name: "run", cell: (row) => <RunName row={row} /> },
  { name: "result", cell: ({ result }) => <StateOf table={RUN_SIGNS} state={result} /> },
  { name: "when", cell: ({ started_at }) => <Ago at={started_at} /> },
  { name: "took", cell: ({ duration_ms: ms }) => (ms === null ? "" : durationText(ms)), number: true, wide: true },
  { name: "jobs", cell: ({ jobs }) => (jobs === null ? "all" : someText(jobs)), wide: true },
  { name: "workers", cell: ({ workers }) => (workers === null ? "all" : someText(workers)), wide: true },
  { name: "by", cell: ({ user, machine }) => [user, machine].filter((part) => part).join(" on "), wide: true },
  { name: "commit", cell: ({ commit }) => <code>{commit?.slice(0, 10)}</code>, wide: true },
];

/** Runs as a table; runs that are recorded here are links. */
export function RunTable({ caption, runs }: { readonly caption: string; readonly runs: readonly RunRow[] }) {
  return (
    <Table
      caption={caption}
      columns={COLUMNS}
      rows={runs}
      keyOf={({ number }) => String(number)}
      empty="No runs yet."
    />
  );
}

function RunName({ row: { id, run, command, recorded } }: { readonly row: RunRow }) {
  const name = `${run === null ? "" : `${run} `}${command}`;
  if (id === null || !recorded) return <span title="its events are not recorded here">{name}</span>;
  return (
    <To page="run" name={id} class="name">
      {name}
    </To>
  );
}
