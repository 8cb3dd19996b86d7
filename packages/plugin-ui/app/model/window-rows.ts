/** The rows of a long list that are drawn: from `first` up to, but not including, `end`. */
export interface RowWindow {
  readonly first: number;
  readonly end: number;
}

/** The rows in view, and `spare` more above and below, so that scrolling a little shows no gap. */
export function windowRows(count: number, rowHeight: number, top: number, height: number, spare = 6): RowWindow {
  const first = Math.max(0, Math.floor(top / rowHeight) - spare);
  const end = Math.min(count, Math.ceil((top + height) / rowHeight) + spare);
  return { first: Math.min(first, Math.max(0, count - 1)), end: Math.max(end, 0) };
}

/** The scroll position that shows a row, as near to the current one as possible. */
export function scrollToRow(row: number, rowHeight: number, top: number, height: number): number {
  if (row * rowHeight < top) return row * rowHeight;
  return Math.max(top, (row + 1) * rowHeight - height);
}

/** The rows in view, and the row with the focus, because removing its element would also remove the focus. */
export function rowsToDraw(count: number, rowHeight: number, top: number, height: number, focused: number): number[] {
  const { first, end } = windowRows(count, rowHeight, top, height);
  const rows = Array.from({ length: end - first }, (_, at) => first + at);
  return focused < 0 || (focused >= first && focused < end) ? rows : [...rows, focused];
}
