import type { Column } from "../../model/fleet/fleet-filter.ts";
import { route, routeText } from "../../model/route.ts";
import { LEVELS, type StateSign, urgency } from "../../model/signs.ts";

interface HeadProps {
  readonly columns: readonly Column[];
  readonly signs: ReadonlyMap<string, StateSign & { readonly key: string }>;
  /** The column whose head has the focus. */
  readonly active: number | undefined;
}

/** The names of jobs, each a link and coloured by the most urgent of its allocations. */
export function GridHead({ columns, signs, active }: HeadProps) {
  const levels = new Map([...signs.values()].map(({ key, level }) => [key, level]));
  return (
    <div role="rowgroup" class="head">
      {/* biome-ignore lint/a11y/useSemanticElements: see the grid */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: its cells have the focus */}
      <div role="row" class="row" aria-rowindex={1}>
        <span role="columnheader" class="corner">
          worker
        </span>
        {columns.map(({ job }, at) => (
          <span key={job.name} role="columnheader" class={`job ${worst(job.counts, levels)}`} aria-colindex={at + 2}>
            <a
              href={routeText(route("job", job.name))}
              tabIndex={active === at ? 0 : -1}
              data-row={-1}
              data-column={at}
              title={`${job.name} ${job.running.join(", ")}${job.held ? " (held)" : ""}`}
            >
              {job.name}
            </a>
          </span>
        ))}
      </div>
    </div>
  );
}

function worst(counts: Readonly<Record<string, number>>, levels: ReadonlyMap<string, StateSign["level"]>): string {
  const found = Object.entries(counts).flatMap(([key, count]) => (count > 0 ? (levels.get(key) ?? []) : []));
  return LEVELS[Math.min(...found.map(urgency), LEVELS.length - 1)] ?? "ok";
}
