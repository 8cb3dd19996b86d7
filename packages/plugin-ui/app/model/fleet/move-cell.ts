/** A cell of a grid. Row -1 contains the column headings, and column -1 contains the row headings. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** The size of a grid, and the number of rows that Page Up and Page Down move. */
export interface GridSize {
  readonly rows: number;
  readonly columns: number;
  readonly page: number;
}

/** The cell that a key moves to; undefined for a key that moves nowhere. A movement stops at the edge of the grid. */
export function moveCell({ row, column }: Cell, key: string, { rows, columns, page }: GridSize): Cell | undefined {
  const to = (nextRow: number, nextColumn: number): Cell => {
    const cell = { row: clamp(nextRow, -1, rows - 1), column: clamp(nextColumn, -1, columns - 1) };
    return cell.row === -1 && cell.column === -1 ? { row: -1, column: Math.min(0, columns - 1) } : cell;
  };
  switch (key) {
    case "ArrowUp":
      return to(row - 1, column);
    case "ArrowDown":
      return to(row + 1, column);
    case "ArrowLeft":
      return to(row, column - 1);
    case "ArrowRight":
      return to(row, column + 1);
    case "PageUp":
      return to(Math.max(0, row - page), column);
    case "PageDown":
      return to(row + page, column);
    case "Home":
      return to(0, column);
    case "End":
      return to(rows - 1, column);
    default:
      return undefined;
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}
