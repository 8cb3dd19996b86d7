import * as v from "valibot";

/** Notes for editors about a value, in addition to its check; more JSON Schema keywords may be added. */
export interface Notes {
  /** The default. */
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly [keyword: string]: unknown;
}

/** An optional property with its description, which editors show and generated files repeat. */
export function described<S extends v.GenericSchema>(schema: S, description: string, notes: Notes = {}) {
  return v.optional(v.pipe(schema, v.description(description), v.metadata(notes)));
}

/**
 * Adds a pattern for editors to a check that is a function. The pattern may accept more than the check does, but never
 * less. Editors that support it show `description` instead of the pattern.
 */
export function looksLike(pattern: string, description: string): v.MetadataAction<string, Record<string, unknown>> {
  return v.metadata({ pattern, patternErrorMessage: description });
}

/** A pattern that ignores white space at both ends. */
export function trimmed(pattern: RegExp | string): string {
  const source = typeof pattern === "string" ? pattern : pattern.source.replace(/^\^|\$$/g, "");
  return `^\\s*(?:${source})\\s*$`;
}

/** A pattern for one character of a single-line string: any character except control characters. */
export const PRINTABLE = "[^\\u0000-\\u001f\\u007f-\\u009f]";
