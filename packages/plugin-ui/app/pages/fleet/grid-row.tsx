import type { FleetWorker } from "../../../src/contract.ts";
import type { Column } from "../../model/fleet/fleet-filter.ts";
import { route, routeText } from "../../model/route.ts";
import { type StateSign, words } from "../../model/signs.ts";
import { gridElement } from "../../parts/grid-element.ts";
import { memo } from "../../parts/memo.ts";

interface RowProps {
  readonly worker: FleetWorker;
  readonly columns: readonly Column[];
  readonly signs: ReadonlyMap<string, StateSign & { readonly key: string }>;
  readonly row: number;
  /** The position of the row, in pixels. */
  readonly top: number;
  /** The cell of the row that has the focus. */
  readonly active: number | undefined;
  readonly showsText: boolean;
}

/** A worker with the states of its allocations. The row is drawn again only if something in it changed. */
export const GridRow = memo(Row, isSame);

function Row(props: RowProps) {
  const { worker, columns, signs, row, top, active, showsText } = props;
  const cells = columns.map(({ job, at }, column) => {
    const { key, text, level, sign } = signs.get(worker.cells[at] ?? "") ?? UNKNOWN;
    const isEmpty = key === "none";
    return gridElement(
      "gridcell",
      {
        key: job.name,
        class: `cell ${level}`,
        tabIndex: active === column ? 0 : -1, // -1 and not absent, because otherwise the previous cell would lose the focus
        "aria-label": `${job.name}: ${text}`,
      },
      showsText && !isEmpty ? `${sign} ${text}` : sign,
    );
  });
  const style = { transform: `translateY(${top}px)` };
  return gridElement("row", { class: "row", "aria-rowindex": row + 2, "data-row": row, style }, [
    <Head key="" {...props} />,
    ...cells,
  ]);
}

const UNKNOWN = { key: "unknown", text: "unknown", level: "warn", sign: "?" } as const;

function Head({ worker: { host, hostname, note, level, zone, labels }, active }: RowProps) {
  const about = [hostname, zone && `zone ${zone}`, labels.join(" ")].filter((text) => text).join(", ");
  return gridElement("rowheader", { class: `worker ${level}` }, [
    <a key="host" href={routeText(route("worker", host))} title={about} tabIndex={active === -1 ? 0 : -1}>
      {host}
    </a>,
    note && (
      <span key="note" class="note">
        {words(note)}
      </span>
    ),
  ]);
}

function isSame(before: RowProps, after: RowProps): boolean {
  const { worker: old } = before;
  const { worker: now } = after;
  return (
    before.columns === after.columns &&
    before.signs === after.signs &&
    before.row === after.row &&
    before.active === after.active &&
    before.showsText === after.showsText &&
    old.cells === now.cells &&
    old.level === now.level &&
    old.note === now.note &&
    old.zone === now.zone &&
    old.hostname === now.hostname &&
    old.labels.join() === now.labels.join()
  );
}
