/** The layout of a column. */
export interface ColumnSpec {
  readonly name: string;
  /** Align right, for numbers. */
  readonly numeric?: true;
  /** The minimum width of truncated cells on a narrow screen. */
  readonly minWidth?: number;
  /** Set if cells are never truncated, even if the screen is too narrow, because readers compare them, like fingerprints. */
  readonly whole?: true;
  /**
   * The rank for omitting the column on a screen that is still too narrow. The column with the lowest rank is omitted
   * first.
   */
  readonly dropOrder?: number;
}

/** A visible column: its index and width. */
export interface Shown {
  readonly at: number;
  readonly width: number;
}

/**
 * Chooses columns and widths for a screen: truncates cells where allowed, then omits columns until the rest fits. If it
 * still does not fit, truncates the widest remaining column, because a table with wrapped lines is unreadable.
 */
export function fitted(specs: readonly ColumnSpec[], natural: readonly number[], maxWidth: number): readonly Shown[] {
  let shown: readonly Shown[] = natural.map((width, at) => ({ at, width }));
  const dropOrder = shown
    .filter(({ at }) => specs[at]?.dropOrder !== undefined)
    .sort((a, b) => (specs[a.at]?.dropOrder ?? 0) - (specs[b.at]?.dropOrder ?? 0));
  for (;;) {
    const narrow = narrowed(specs, shown, maxWidth);
    const left = dropOrder.shift();
    if (screenWidth(narrow) <= maxWidth) return narrow;
    if (!left) return cutWidest(specs, narrow, maxWidth);
    shown = shown.filter(({ at }) => at !== left.at);
  }
}

function narrowed(specs: readonly ColumnSpec[], shown: readonly Shown[], maxWidth: number): readonly Shown[] {
  let over = Math.max(0, screenWidth(shown) - maxWidth);
  return shown.map(({ at, width }) => {
    const spare = Math.max(0, width - Math.max(specs[at]?.minWidth ?? width, specs[at]?.name.length ?? 0));
    const less = Math.min(over, spare);
    over -= less;
    return { at, width: width - less };
  });
}

/** The minimum width of any cell that is truncated as a last resort. */
const SHORTEST = 8;

function cutWidest(specs: readonly ColumnSpec[], shown: readonly Shown[], maxWidth: number): readonly Shown[] {
  const leastOf = ({ at, width }: Shown) =>
    specs[at]?.whole ? width : Math.max(specs[at]?.name.length ?? 0, Math.min(width, SHORTEST));
  let cut = shown;
  while (screenWidth(cut) > maxWidth) {
    const widest = cut.filter((one) => one.width > leastOf(one)).sort((a, b) => b.width - a.width)[0];
    if (!widest) return cut;
    cut = cut.map((one) => (one === widest ? { ...one, width: one.width - 1 } : one));
  }
  return cut;
}

function screenWidth(shown: readonly Shown[]): number {
  return shown.reduce((sum, { width }) => sum + width + 3, 1);
}
