/** How a column is shown. */
export interface ColumnSpec {
  readonly name: string;
  /** Numbers stand to the right. */
  readonly numeric?: true;
  /** On a narrow screen its cells are cut, not below this many characters. */
  readonly least?: number;
  /** On a screen that is still too narrow then, it is left out; those with the lowest number first. */
  readonly leave?: number;
}

/** A column that is shown: which of all it is, and how wide. */
export interface Shown {
  readonly at: number;
  readonly width: number;
}

/**
 * Which columns have room on a screen, and how wide: what may be cut is cut; where that is not enough, columns are left
 * out one by one until it is.
 */
export function fitted(specs: readonly ColumnSpec[], natural: readonly number[], room: number): readonly Shown[] {
  let shown: readonly Shown[] = natural.map((width, at) => ({ at, width }));
  const leaving = shown
    .filter(({ at }) => specs[at]?.leave !== undefined)
    .sort((a, b) => (specs[a.at]?.leave ?? 0) - (specs[b.at]?.leave ?? 0));
  for (;;) {
    const narrow = narrowed(specs, shown, room);
    const left = leaving.shift();
    if (screenWidth(narrow) <= room || !left) return narrow;
    shown = shown.filter(({ at }) => at !== left.at);
  }
}

function narrowed(specs: readonly ColumnSpec[], shown: readonly Shown[], room: number): readonly Shown[] {
  let over = Math.max(0, screenWidth(shown) - room);
  return shown.map(({ at, width }) => {
    const spare = Math.max(0, width - Math.max(specs[at]?.least ?? width, specs[at]?.name.length ?? 0));
    const less = Math.min(over, spare);
    over -= less;
    return { at, width: width - less };
  });
}

function screenWidth(shown: readonly Shown[]): number {
  return shown.reduce((sum, { width }) => sum + width + 3, 1);
}
