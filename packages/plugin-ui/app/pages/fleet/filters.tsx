import type { FleetAnswer } from "../../../src/contract.ts";
import { stateCounts } from "../../model/fleet/fleet-counts.ts";
import { type FleetFilter, isFiltered } from "../../model/fleet/fleet-filter.ts";

const NOTHING: Omit<FleetFilter, "sort"> = { q: "", label: [], zone: [], job: [], state: [] };

/** Filters of the grid: states as buttons with their counts, then text, label, zone and job. */
export function Filters({
  fleet,
  filter,
  change,
}: {
  readonly fleet: FleetAnswer;
  readonly filter: FleetFilter;
  readonly change: (next: FleetFilter) => void;
}) {
  const toggle = (key: string) => {
    const state = filter.state.includes(key) ? filter.state.filter((one) => one !== key) : [...filter.state, key];
    change({ ...filter, state });
  };
  const { label, zone, job } = filter;
  return (
    <search class="filters" aria-label="Filters of the fleet">
      <fieldset class="states">
        <legend class="unseen">States</legend>
        {stateCounts(fleet).map(({ key, sign, text, level, count }) => (
          <button
            key={key}
            type="button"
            class={`chip ${level}`}
            aria-pressed={filter.state.includes(key)}
            onClick={() => toggle(key)}
          >
            <span class="mark" aria-hidden="true">
              {sign}
            </span>
            {text} <b>{count.toLocaleString("en-US")}</b>
          </button>
        ))}
      </fieldset>
      <div class="fields">
        <input
          type="search"
          data-filter
          aria-label="Host contains"
          placeholder="host …"
          value={filter.q}
          onInput={({ currentTarget }) => change({ ...filter, q: currentTarget.value })}
        />
        <Choice name="label" all={fleet.labels} value={label} set={(value) => change({ ...filter, label: value })} />
        <Choice name="zone" all={fleet.zones} value={zone} set={(value) => change({ ...filter, zone: value })} />
        <Choice
          name="job"
          all={fleet.jobs.map(({ name }) => name)}
          value={job}
          set={(value) => change({ ...filter, job: value })}
        />
        <select
          aria-label="Order of workers"
          value={filter.sort}
          onChange={({ currentTarget }) =>
            change({ ...filter, sort: currentTarget.value === "position" ? "position" : "attention" })
          }
        >
          <option value="attention">attention first</option>
          <option value="position">by position</option>
        </select>
        {isFiltered(filter) && (
          <button type="button" class="quiet" onClick={() => change({ ...NOTHING, sort: filter.sort })}>
            Clear filters
          </button>
        )}
      </div>
    </search>
  );
}

/** Selects one value. If the URL contains several values, they are shown as one choice. */
function Choice({
  name,
  all,
  value,
  set,
}: {
  readonly name: string;
  readonly all: readonly string[];
  readonly value: readonly string[];
  readonly set: (value: readonly string[]) => void;
}) {
  if (all.length === 0) return null;
  const several = value.length > 1 ? value.join(", ") : undefined;
  return (
    <select
      aria-label={`With ${name}`}
      value={several ?? value[0] ?? ""}
      onChange={({ currentTarget }) => set(currentTarget.value === "" ? [] : [currentTarget.value])}
    >
      <option value="">any {name}</option>
      {several && <option value={several}>{several}</option>}
      {all.map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
    </select>
  );
}
