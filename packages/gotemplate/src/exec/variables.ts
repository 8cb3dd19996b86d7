import { Fault } from "../fault.ts";

interface Cell {
  readonly name: string;
  value: unknown;
  readonly hidden: Cell | undefined;
}

/** The variables of one template invocation; a later declaration hides an earlier one of the same name. */
export class Variables {
  readonly #cells: Cell[] = [];
  readonly #seen = new Map<string, Cell>();

  /** Starts with `$`, the data that the template was called with. */
  constructor(data: unknown) {
    this.declare("$", data);
  }

  /** Adds a variable. */
  declare(name: string, value: unknown): void {
    const cell = { name, value, hidden: this.#seen.get(name) };
    this.#cells.push(cell);
    this.#seen.set(name, cell);
  }

  /** The value of a variable. Throws a Fault if it is not declared. */
  get(name: string): unknown {
    return this.#find(name).value;
  }

  /** Assigns a value to a variable. Throws a Fault if it is not declared. */
  assign(name: string, value: unknown): void {
    this.#find(name).value = value;
  }

  /** Assigns a value to the variable declared last (1), or to the variable before it (2). */
  assignRecent(back: number, value: unknown): void {
    const cell = this.#cells.at(-back);
    if (cell) cell.value = value;
  }

  /** The number of variables, for {@link release}. */
  mark(): number {
    return this.#cells.length;
  }

  /** Removes the variables declared since a mark. */
  release(mark: number): void {
    while (this.#cells.length > mark) this.#hide(this.#cells.pop());
  }

  #find(name: string): Cell {
    const cell = this.#seen.get(name);
    if (!cell) throw new Fault(`undefined variable: ${name}`);
    return cell;
  }

  #hide(cell: Cell | undefined): void {
    if (cell?.hidden) this.#seen.set(cell.name, cell.hidden);
    else if (cell) this.#seen.delete(cell.name);
  }
}
