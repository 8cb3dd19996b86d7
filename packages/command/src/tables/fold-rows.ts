/** How rows that differ in one column become one row. */
export interface Fold {
  /** The index of that column. */
  readonly at: number;
  /** What the column contains, in the singular: `worker`. */
  readonly word: string;
  /** Indexes of columns that may differ too; if they do, they are empty in the folded row. */
  readonly except?: readonly number[];
}

type Cell = string | number;

/** Tables with fewer rows are not folded. */
const LONG = 20;
/** The minimum number of equal rows that become one row; fewer rows are listed one by one. */
const MANY = 4;

/** Folds many equal rows of a long table into one row that contains their number: `62 workers`. Keeps the order. */
export function foldRows(
  rows: readonly (readonly Cell[])[],
  { at, word, except = [] }: Fold,
): readonly (readonly Cell[])[] {
  if (rows.length <= LONG) return rows;
  const keyOf = (row: readonly Cell[]) =>
    JSON.stringify(row.map((cell, index) => (index === at || except.includes(index) ? "" : cell)));
  const groups = new Map<string, (readonly Cell[])[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  const folded = [...groups.values()].flatMap((group) => (group.length < MANY ? group : [foldOf(group)]));
  return folded.length === rows.length ? rows : folded;

  function foldOf(group: readonly (readonly Cell[])[]): readonly Cell[] {
    const [first = []] = group;
    return first.map((cell, index) => {
      if (index === at) return `${group.length} ${word}s`;
      return except.includes(index) && group.some((row) => row[index] !== cell) ? "" : cell;
    });
  }
}
