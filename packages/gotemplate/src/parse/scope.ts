/** The variables in scope at a position, innermost last. */
export class Scope {
  readonly #names: string[] = ["$"];
  readonly #counts = new Map<string, number>([["$", 1]]);

  /** Declares a variable from here to the end of the enclosing control structure. */
  declare(name: string): void {
    this.#names.push(name);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Whether a variable is in scope. */
  has(name: string): boolean {
    return (this.#counts.get(name) ?? 0) > 0;
  }

  /** The number of variables in scope, for {@link release}. */
  mark(): number {
    return this.#names.length;
  }

  /** Removes the variables declared since a mark. */
  release(mark: number): void {
    for (const name of this.#names.splice(mark)) this.#counts.set(name, (this.#counts.get(name) ?? 1) - 1);
  }
}
