import type { Column } from "../../model/fleet/fleet-filter.ts";
import { route, routeText } from "../../model/route.ts";
import { LEVELS, type StateSign, urgency } from "../../model/signs.ts";
import { gridElement } from "../../parts/grid-element.ts";

interface HeadProps {
  readonly columns: readonly Column[];
  readonly signs: ReadonlyMap<string, StateSign & { readonly key: string }>;
  /** The column whose heading has the focus. */
  readonly active: number | undefined;
}

/** The names of jobs as links, in the colour of their most urgent allocation. */
export function GridHead({ columns, signs, active }: HeadProps) {
  const levels = new Map([...signs.values()].map(({ key, level }) => [key, level]));
  const cells = columns.map(({ job }, at) =>
    gridElement(
      "columnheader",
      { key: job.name, class: `job ${worst(job.counts, levels)}` },
      <a
        href={routeText(route("job", job.name))}
        tabIndex={active === at ? 0 : -1}
        title={`${job.name} ${job.running.join(", ")}${job.held ? " (held)" : ""}`}
      >
        {job.name}
      </a>,
    ),
  );
  const corner = gridElement("columnheader", { class: "corner" }, "worker");
  return gridElement(
    "rowgroup",
    { class: "head" },
    gridElement("row", { class: "row", "aria-rowindex": 1, "data-row": -1 }, [corner, ...cells]),
  );
}

function worst(counts: Readonly<Record<string, number>>, levels: ReadonlyMap<string, StateSign["level"]>): string {
  const found = Object.entries(counts).flatMap(([key, count]) => (count > 0 ? (levels.get(key) ?? []) : []));
  return LEVELS[Math.min(...found.map(urgency), LEVELS.length - 1)] ?? "ok";
}
