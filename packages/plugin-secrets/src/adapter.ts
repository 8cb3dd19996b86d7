import type { SecretReference } from "@maand/core";

/** One call of a provider's program, and the part of its output that a reference selects. */
export interface Located {
  /** References with equal arguments are read with one call. */
  readonly argv: readonly [string, ...string[]];
  /** The field that {@link Adapter.value} searches for. */
  readonly field: string;
}

/** Reads secrets of one provider through its own program. */
export interface Adapter {
  /** The syntax of references: `secret://op/<vault>/<item>/<field>`. */
  readonly syntax: string;
  /** What to do if the program is missing. */
  readonly install: string;
  /** What to do if it fails; usually, log in. */
  readonly access: string;
  /** Environment variables of the program, in addition to those of maand. */
  readonly env?: Readonly<Record<string, string>>;
  /** How to read a reference; undefined if it does not match `syntax`. */
  locate(reference: SecretReference): Located | undefined;
  /** The standard input of a call, for all references that it reads; default: none. */
  input?(references: readonly SecretReference[]): string;
  /**
   * The exact value of a field in the output of a call; undefined if the field does not exist. Throws {@link
   * WrongOutput} for an unexpected kind of output.
   */
  value(output: string, field: string): string | undefined;
}

/** The error for unexpected output of a program. Its message contains no part of the output. */
export class WrongOutput extends Error {}
