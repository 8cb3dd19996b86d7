/** What stands where a secret would. */
export const HIDDEN = "••••••";

/**
 * A value that must not be seen: it prints as dots wherever it is turned into text by accident, and only
 * {@link reveal} gives it back. Decision 26: secret values are masked in every log, event, diff and error.
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

/** The plain text of an argument, for the one place that hands it to the command. */
export function reveal(value: string | Secret): string {
  return typeof value === "string" ? value : value.reveal();
}
