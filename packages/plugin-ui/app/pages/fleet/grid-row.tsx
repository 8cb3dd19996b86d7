import type { FleetWorker } from "../../../src/contract.ts";
import type { Column } from "../../model/fleet/fleet-filter.ts";
import { route, routeText } from "../../model/route.ts";
import { type StateSign, words } from "../../model/signs.ts";
import { memo } from "../../parts/memo.ts";

interface RowProps {
  readonly worker: FleetWorker;
  readonly columns: readonly Column[];
  readonly signs: ReadonlyMap<string, StateSign & { readonly key: string }>;
  readonly row: number;
  /** Where it is drawn, in pixels. */
  readonly top: number;
  /** The cell of it that has the focus. */
  readonly active: number | undefined;
  readonly isWordy: boolean;
}

/** A worker with the states of its allocations. It is drawn again only if something in it changed. */
export const GridRow = memo(Row, isSame);

function Row({ worker, columns, signs, row, top, active, isWordy }: RowProps) {
  const { host, hostname, note, level, zone, labels, cells } = worker;
  const about = [hostname, zone && `zone ${zone}`, labels.join(" ")].filter((text) => text).join(", ");
  return (
    // biome-ignore lint/a11y/useSemanticElements: see the grid
    // biome-ignore lint/a11y/useFocusableInteractive: its cells have the focus
    <div role="row" class="row" aria-rowindex={row + 2} style={{ transform: `translateY(${top}px)` }}>
      <span role="rowheader" class={`worker ${level}`} aria-colindex={1}>
        <a
          href={routeText(route("worker", host))}
          title={about}
          tabIndex={active === -1 ? 0 : -1}
          data-row={row}
          data-column={-1}
        >
          {host}
        </a>
        {note && <span class="note">{words(note)}</span>}
      </span>
      {columns.map(({ job, at }, column) => {
        const state = signs.get(cells[at] ?? "");
        return (
          // biome-ignore lint/a11y/useSemanticElements: see the grid
          <span
            key={job.name}
            role="gridcell"
            class={`cell ${state?.level ?? "none"}`}
            aria-colindex={column + 2}
            aria-label={`${job.name}: ${state?.text ?? "unknown"}`}
            title={state?.key === "none" ? undefined : `${job.name} on ${host}: ${state?.text}`}
            tabIndex={active === column ? 0 : -1}
            data-row={row}
            data-column={column}
          >
            {isWordy && state?.key !== "none" ? `${state?.sign} ${state?.text}` : state?.sign}
          </span>
        );
      })}
    </div>
  );
}

function isSame(before: RowProps, after: RowProps): boolean {
  const { worker: old } = before;
  const { worker: now } = after;
  return (
    before.columns === after.columns &&
    before.signs === after.signs &&
    before.row === after.row &&
    before.active === after.active &&
    before.isWordy === after.isWordy &&
    old.cells === now.cells &&
    old.level === now.level &&
    old.note === now.note &&
    old.zone === now.zone &&
    old.hostname === now.hostname &&
    old.labels.join() === now.labels.join()
  );
}
