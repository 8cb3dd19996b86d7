import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { FleetAnswer } from "../../../src/contract.ts";
import { go } from "../../data/navigation.ts";
import { cellSigns } from "../../model/fleet/fleet-counts.ts";
import type { ShownFleet } from "../../model/fleet/fleet-filter.ts";
import { type Cell, moveCell } from "../../model/fleet/move-cell.ts";
import { route } from "../../model/route.ts";
import { scrollToRow, windowRows } from "../../model/window-rows.ts";
import { gridElement } from "../../parts/grid-element.ts";
import { GridHead } from "./grid-head.tsx";
import { GridRow } from "./grid-row.tsx";

/** As in grid.css. */
const ROW = 28;
/** With at most so many columns a cell has room for words. */
const WORDY = 6;

/**
 * Workers and jobs as a grid. Only the rows in view are elements, so that a thousand workers cost what fifty do. Arrow keys move
 * through all of it; a screen reader hears the whole number of rows and the position in it.
 */
export function Grid({ fleet, shown }: { readonly fleet: FleetAnswer; readonly shown: ShownFleet }) {
  const { columns, workers } = shown;
  const signs = useSame(cellSigns(fleet), JSON.stringify(fleet.states));
  const rowColumns = useSame(columns, columns.map(({ job, at }) => `${at} ${job.name}`).join("\n"));
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const [cell, setCell] = useState<Cell>({ row: 0, column: -1 });
  const hasFocus = useRef(false);
  const { first, end } = windowRows(workers.length, ROW, view.top, view.height);
  const measure = () => {
    const { scrollTop: top, clientHeight: height } = scroller.current ?? { scrollTop: 0, clientHeight: 800 };
    if (Math.abs(top - view.top) >= ROW || height !== view.height) setView({ top, height });
  };
  useLayoutEffect(measure);
  useLayoutEffect(() => {
    if (hasFocus.current)
      scroller.current?.querySelector<HTMLElement>("[tabindex='0']")?.focus({ preventScroll: true });
  });
  const active = { row: Math.min(cell.row, workers.length - 1), column: Math.min(cell.column, columns.length - 1) };
  const moveTo = (next: Cell) => {
    const box = scroller.current;
    if (box) box.scrollTop = scrollToRow(Math.max(0, next.row), ROW, box.scrollTop, box.clientHeight - headHeight(box));
    setCell(next);
    measure();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(view.height / ROW) - 2);
    const next = moveCell(active, event.key, { rows: workers.length, columns: columns.length, page });
    if (next) moveTo(next);
    else if (event.key === "Enter") openCell(shown, active, event.shiftKey);
    else return;
    event.preventDefault();
  };
  const onFocus = (event: FocusEvent) => {
    hasFocus.current = true;
    const at = placeOf(event.target);
    if (at && (at.row !== active.row || at.column !== active.column)) setCell(at);
  };
  const isWordy = columns.length <= WORDY;
  const rows = workers
    .slice(first, end)
    .map((worker, at) => (
      <GridRow
        key={worker.host}
        worker={worker}
        columns={rowColumns}
        signs={signs}
        row={first + at}
        top={(first + at) * ROW}
        active={active.row === first + at ? active.column : undefined}
        isWordy={isWordy}
      />
    ));
  const head = <GridHead columns={columns} signs={signs} active={active.row === -1 ? active.column : undefined} />;
  const body = gridElement("rowgroup", { class: "rows", style: { height: `${workers.length * ROW}px` } }, rows);
  return gridElement(
    "grid",
    {
      class: `grid${isWordy ? " wordy" : ""}`,
      ref: scroller,
      tabIndex: -1,
      "aria-label": "Workers and jobs",
      "aria-rowcount": workers.length + 1,
      "aria-colcount": columns.length + 1,
      onScroll: measure,
      onKeyDown,
      onFocusIn: onFocus,
      onFocusOut: () => {
        hasFocus.current = false;
      },
      onClick: (event) => {
        const at = placeOf(event.target);
        if (at && at.row >= 0 && at.column >= 0) openCell(shown, at, event.shiftKey);
      },
    },
    [head, body],
  );
}

/** The value of the first time its key was the same, so that rows see that nothing changed. */
function useSame<T>(value: T, key: string): T {
  return useMemo(() => value, [key]);
}

function headHeight(box: HTMLElement): number {
  return box.firstElementChild?.clientHeight ?? 0;
}

/** The place of the cell that an event is about; undefined outside of cells. */
function placeOf(target: EventTarget | null): Cell | undefined {
  const element = target instanceof Element ? target.closest<HTMLElement>("[data-row]") : null;
  if (!element) return undefined;
  return { row: Number(element.dataset.row), column: Number(element.dataset.column) };
}

/** Opens the worker of a cell, or its job; the head of a row or column opens what it names. */
function openCell({ workers, columns }: ShownFleet, { row, column }: Cell, wantsJob: boolean): void {
  const [worker, job] = [workers[row]?.host, columns[column]?.job.name];
  if (job !== undefined && (wantsJob || worker === undefined)) go(route("job", job));
  else if (worker !== undefined) go(route("worker", worker));
}
