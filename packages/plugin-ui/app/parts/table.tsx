import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { reachable } from "./reachable.ts";

/** A column of a table. */
export interface TableColumn<T> {
  readonly name: string;
  readonly cell: (row: T) => ComponentChildren;
  /** Omitted on narrow screens. */
  readonly wide?: boolean;
  readonly number?: boolean;
}

/** The number of rows that are shown initially, and that are added on each request for more. */
const MOST = 200;

/**
 * A table with a caption for screen readers. On narrow screens, the table scrolls and omits columns that are `wide`.
 */
export function Table<T>({
  caption,
  columns,
  rows,
  keyOf,
  empty,
}: {
  readonly caption: string;
  readonly columns: readonly TableColumn<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** The sentence in place of a table without rows. */
  readonly empty: string;
}) {
  const [limit, setLimit] = useState(MOST);
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  const classOf = ({ wide, number }: TableColumn<T>) => `${wide ? "wide" : ""} ${number ? "number" : ""}`.trim();
  return (
    <>
      <section class="scroll" aria-label={caption} ref={reachable}>
        <table>
          <caption class="unseen">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.name} scope="col" class={classOf(column)}>
                  {column.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, limit).map((row) => (
              <tr key={keyOf(row)}>
                {columns.map((column) => (
                  <td key={column.name} class={classOf(column)}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > limit && (
        <button type="button" class="more" onClick={() => setLimit(limit + MOST)}>
          Show more: {(rows.length - limit).toLocaleString("en-US")} further rows
        </button>
      )}
    </>
  );
}
