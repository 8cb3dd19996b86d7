import { useMemo } from "preact/hooks";
import type { FleetAnswer, StatusAnswer } from "../../../src/contract.ts";
import { refine } from "../../data/navigation.ts";
import { useResource } from "../../data/resource.ts";
import { countText } from "../../model/count-text.ts";
import { type FleetFilter, filterFleet, filterOf, isFiltered } from "../../model/fleet/fleet-filter.ts";
import { route } from "../../model/route.ts";
import { Empty, Loaded } from "../../parts/notice.tsx";
import { Attention } from "./attention.tsx";
import { Filters } from "./filters.tsx";
import { Grid } from "./grid.tsx";

/** The maximum number of workers that are fetched and filtered here; the server filters a larger fleet. */
const MOST = 2000;

/** The fleet: everything that needs attention, and a grid of workers and jobs. */
export function FleetPage({ query }: { readonly query: URLSearchParams }) {
  const filter = useMemo(() => filterOf(query), [query]);
  const status = useResource<StatusAnswer>("status", {}, ["fleet"]).value;
  const whole = useResource<FleetAnswer>("fleet", { limit: MOST, sort: "attention" }, ["fleet"]).value;
  const isLarge = whole.data !== undefined && whole.data.next !== null && isFiltered(filter);
  const part = useResource<FleetAnswer>(isLarge ? "fleet" : undefined, requestOf(filter), ["fleet"]).value;
  const fleet = isLarge && part.data ? part : whole;
  const change = (next: FleetFilter) => refine(route("fleet", "", { ...next, sort: sortText(next) }));
  return (
    <>
      <h1>Fleet</h1>
      <Loaded shown={status}>{(data) => <Attention status={data} />}</Loaded>
      <Loaded shown={fleet}>{(data) => <Workers fleet={data} filter={filter} change={change} />}</Loaded>
    </>
  );
}

function sortText({ sort }: FleetFilter): string {
  return sort === "attention" ? "" : sort;
}

function requestOf({ q, label, zone, job, state, sort }: FleetFilter) {
  const lists = { label: label.join(), zone: zone.join(), job: job.join(), state: state.join() };
  return { ...lists, q, sort, limit: MOST };
}

function Workers({
  fleet,
  filter,
  change,
}: {
  readonly fleet: FleetAnswer;
  readonly filter: FleetFilter;
  readonly change: (next: FleetFilter) => void;
}) {
  const shown = useMemo(() => filterFleet(fleet, filter), [fleet, filter]);
  if (fleet.all === 0)
    return <Empty>No workers yet: describe them in workspace/workers.json, then run maand build.</Empty>;
  return (
    <>
      <Filters fleet={fleet} filter={filter} change={change} />
      <p class="muted count" role="status">
        {shown.workers.length === fleet.all
          ? countText(fleet.all, "worker")
          : `${shown.workers.length.toLocaleString("en-US")} of ${countText(fleet.all, "worker")}`}
        , {countText(shown.columns.length, "job")}
        {fleet.next !== null && `; the first ${MOST.toLocaleString("en-US")} are shown: filter to see others`}
      </p>
      {shown.workers.length === 0 ? (
        <Empty>No worker matches all filters.</Empty>
      ) : (
        <Grid fleet={fleet} shown={shown} />
      )}
    </>
  );
}
