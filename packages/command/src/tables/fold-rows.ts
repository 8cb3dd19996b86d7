/** How rows that differ in one column become one row. */
export interface Fold {
  /** The index of that column. */
  readonly at: number;
  /** What it names, in the singular: `worker`. */
  readonly word: string;
  /** Indexes of columns that may differ too; where they do, they are empty. */
  readonly except?: readonly number[];
}

type Cell = string | number;

/** Tables with fewer rows are shown as they are. */
const LONG = 20;
/** So many equal rows are one; fewer are exceptions, which are named. */
const MANY = 4;

/** The rows of a long table, with many equal ones as one row that has their number: `62 workers`. The order stays. */
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
