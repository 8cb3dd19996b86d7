/** The text shown instead of a secret. */
export const HIDDEN = "••••••";

/**
 * A value that must stay hidden. If it is converted to a string by accident, the result is dots; only {@link reveal}
 * returns the value.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return HIDDEN;
  }
}

/** Marks a value as secret, for an argument or an environment variable of a command. */
export function secret(value: string): Secret {
  return new Secret(value);
}

/** The plain text of an argument, only for passing it to the command. */
export function reveal(value: string | Secret): string {
  return typeof value === "string" ? value : value.reveal();
}
