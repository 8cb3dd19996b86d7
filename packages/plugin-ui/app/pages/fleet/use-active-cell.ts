import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { go } from "../../data/navigation.ts";
import type { ShownFleet } from "../../model/fleet/fleet-filter.ts";
import { type Cell, moveCell } from "../../model/fleet/move-cell.ts";
import { route } from "../../model/route.ts";

/** The properties of a grid that the keyboard needs. */
interface GridView {
  readonly shown: ShownFleet;
  /** The number of rows of a page. */
  readonly page: number;
  readonly scroller: { readonly current: HTMLElement | null };
  /** Scrolls a row into view. */
  show(row: number): void;
}

/**
 * The cell that has the focus, or gets the focus when the grid does, and the listeners of the grid that move the focus
 * and open the cell's target.
 */
export function useActiveCell({ shown, page, scroller, show }: GridView) {
  const { workers, columns } = shown;
  const [cell, setCell] = useState<Cell>({ row: 0, column: -1 });
  /** Whether a key moved to another cell, which gets the focus as soon as it is drawn. */
  const hasMoved = useRef(false);
  useLayoutEffect(() => {
    if (!hasMoved.current) return;
    hasMoved.current = false;
    scroller.current?.querySelector<HTMLElement>("[tabindex='0']")?.focus({ preventScroll: true });
  });
  const active = { row: Math.min(cell.row, workers.length - 1), column: Math.min(cell.column, columns.length - 1) };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const from = placeOf(event.target) ?? active; // another order of workers moves the cell with the focus
    const next = moveCell(from, event.key, { rows: workers.length, columns: columns.length, page });
    if (next) {
      hasMoved.current = true;
      show(Math.max(0, next.row));
      setCell(next);
    } else if (event.key === "Enter") openCell(shown, from, event.shiftKey);
    else return;
    event.preventDefault();
  };
  const onFocusIn = ({ target }: FocusEvent) => {
    const at = placeOf(target);
    if (at && (at.row !== active.row || at.column !== active.column)) setCell(at);
  };
  const onClick = ({ target, shiftKey }: MouseEvent) => {
    const at = placeOf(target);
    if (at && at.row >= 0 && at.column >= 0) openCell(shown, at, shiftKey);
  };
  const onPointerOver = ({ target }: PointerEvent) => {
    const [element, at] = [cellOf(target), placeOf(target)];
    const state = element?.getAttribute("aria-label");
    const worker = workers[at?.row ?? -1];
    if (element && state && worker) element.setAttribute("title", `${state}, on ${worker.host}`);
  };
  return { active, listeners: { onKeyDown, onFocusIn, onClick, onPointerOver } };
}

/**
 * The position of the cell that an event occurred in; undefined outside of cells. Cells have no attribute with their
 * position, because there are many of them.
 */
function placeOf(target: EventTarget | null): Cell | undefined {
  const cell = cellOf(target);
  const row = cell?.closest<HTMLElement>("[data-row]");
  if (!cell || !row) return undefined;
  return { row: Number(row.dataset.row), column: [...row.children].indexOf(cell) - 1 };
}

function cellOf(target: EventTarget | null): Element | null {
  return target instanceof Element ? target.closest("[role=gridcell], [role=rowheader], [role=columnheader]") : null;
}

/** Opens the worker of a cell, or its job. The heading of a row or column opens the worker or job that it names. */
function openCell({ workers, columns }: ShownFleet, { row, column }: Cell, wantsJob: boolean): void {
  const [worker, job] = [workers[row]?.host, columns[column]?.job.name];
  if (job !== undefined && (wantsJob || worker === undefined)) go(route("job", job));
  else if (worker !== undefined) go(route("worker", worker));
}
