import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { FleetAnswer } from "../../../src/contract.ts";
import { cellSigns } from "../../model/fleet/fleet-counts.ts";
import type { ShownFleet } from "../../model/fleet/fleet-filter.ts";
import { rowsToDraw, scrollToRow } from "../../model/window-rows.ts";
import { gridElement } from "../../parts/grid-element.ts";
import { GridHead } from "./grid-head.tsx";
import { GridRow } from "./grid-row.tsx";
import { useActiveCell } from "./use-active-cell.ts";

/** The same size as in grid.css. */
const ROW = 28;
/** The maximum number of columns with which a cell has room for words. */
const MAX_TEXT_COLUMNS = 5;

/**
 * Workers and jobs as a grid. Only the rows in view have elements, so a fleet of a thousand workers is as fast as one
 * of fifty. Arrow keys move through the complete grid. A screen reader gets the total number of rows and the position.
 */
export function Grid({ fleet, shown }: { readonly fleet: FleetAnswer; readonly shown: ShownFleet }) {
  const { columns, workers } = shown;
  const signs = useSame(cellSigns(fleet), JSON.stringify(fleet.states));
  const rowColumns = useSame(columns, columns.map(({ job, at }) => `${at} ${job.name}`).join("\n"));
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const measure = () => {
    const { scrollTop: top, clientHeight: height } = scroller.current ?? { scrollTop: 0, clientHeight: 800 };
    if (Math.abs(top - view.top) >= ROW || height !== view.height) setView({ top, height });
  };
  useLayoutEffect(measure);
  const show = (row: number) => {
    const box = scroller.current;
    if (box) box.scrollTop = scrollToRow(row, ROW, box.scrollTop, box.clientHeight - headHeight(box));
    measure();
  };
  const page = Math.max(1, Math.floor(view.height / ROW) - 2);
  const { active, listeners } = useActiveCell({ shown, page, scroller, show });
  const showsText = columns.length <= MAX_TEXT_COLUMNS;
  const rows = rowsToDraw(workers.length, ROW, view.top, view.height, active.row).map((row) => {
    const worker = workers[row];
    const cell = active.row === row ? active.column : undefined;
    return (
      worker && (
        <GridRow
          key={worker.host}
          {...{ worker, columns: rowColumns, signs, row, showsText }}
          top={row * ROW}
          active={cell}
        />
      )
    );
  });
  const head = <GridHead columns={columns} signs={signs} active={active.row === -1 ? active.column : undefined} />;
  const body = gridElement("rowgroup", { class: "rows", style: { height: `${workers.length * ROW}px` } }, rows);
  return gridElement(
    "grid",
    {
      class: `grid${showsText ? " with-text" : ""}`,
      ref: scroller,
      style: { "--columns": String(columns.length) },
      tabIndex: -1,
      "aria-label": "Workers and jobs",
      "aria-rowcount": workers.length + 1,
      onScroll: measure,
      ...listeners,
    },
    [head, body],
  );
}

/** The first value with this key, so that rows can detect that nothing changed. */
function useSame<T>(value: T, key: string): T {
  return useMemo(() => value, [key]);
}

function headHeight(box: HTMLElement): number {
  return box.firstElementChild?.clientHeight ?? 0;
}
