import type { AllocationRow } from "../../src/contract.ts";
import { ALLOCATION_SIGNS, signOf, urgency } from "../model/signs.ts";
import { Ago } from "./age.tsx";
import { JobLink, WorkerLink } from "./link.tsx";
import { Sign, StateOf } from "./sign.tsx";
import { Table, type TableColumn } from "./table.tsx";

const COLUMNS: readonly TableColumn<AllocationRow>[] = [
  { name: "state", cell: ({ state }) => <StateOf table={ALLOCATION_SIGNS} state={state} /> },
  { name: "running", cell: ({ running_version: running }) => running ?? "nothing" },
  { name: "target", cell: ({ target_version: target, running_version: now }) => (target === now ? "same" : target) },
  { name: "last health check", cell: ({ health }) => <Health health={health} />, wide: true },
];

/**
 * Allocations of a job or of a worker, the most urgent first. The state, the last check and its age are separate
 * columns.
 */
export function AllocationTable({
  rows,
  of,
}: {
  readonly rows: readonly AllocationRow[];
  /** The common property of the allocations; the other property is a column. */
  readonly of: "job" | "worker";
}) {
  const first: TableColumn<AllocationRow> =
    of === "job"
      ? { name: "worker", cell: ({ worker }) => <WorkerLink worker={worker} /> }
      : { name: "job", cell: ({ job }) => <JobLink job={job} /> };
  const level = ({ state }: AllocationRow) => urgency(signOf(ALLOCATION_SIGNS, state).level);
  return (
    <Table
      caption="Allocations"
      columns={[first, ...COLUMNS]}
      rows={rows.toSorted((one, other) => level(one) - level(other))}
      keyOf={({ job, worker }) => `${job}@${worker}`}
      empty="No allocations."
    />
  );
}

function Health({ health }: Pick<AllocationRow, "health">) {
  if (health === null) return <span class="muted">none recorded</span>;
  const { ok, check, message, at } = health;
  return (
    <>
      <Sign sign={ok ? "✓" : "✗"} level={ok ? "ok" : "bad"} text={ok ? "passed" : "failed"} />{" "}
      <span class="muted">
        {check} {message} <Ago at={at} />
      </span>
    </>
  );
}
