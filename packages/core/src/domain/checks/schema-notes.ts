import * as v from "valibot";

/** What an editor shows of a value beyond what its check says; more keywords of JSON Schema are welcome. */
export interface Notes {
  /** What holds where nothing is written. */
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly [keyword: string]: unknown;
}

/** An optional property with its sentence, which editors show and generated files repeat. */
export function described<S extends v.GenericSchema>(schema: S, description: string, notes: Notes = {}) {
  return v.optional(v.pipe(schema, v.description(description), v.metadata(notes)));
}

/**
 * Says for editors, as a pattern, what the check beside it says as a function. A pattern may take more than the check,
 * never less. `says` is what an editor that can do so shows instead of the pattern.
 */
export function looksLike(pattern: string, description: string): v.MetadataAction<string, Record<string, unknown>> {
  return v.metadata({ pattern, patternErrorMessage: description });
}

/** A pattern for a text whose blanks at both ends do not count. */
export function trimmed(pattern: RegExp | string): string {
  const source = typeof pattern === "string" ? pattern : pattern.source.replace(/^\^|\$$/g, "");
  return `^\\s*(?:${source})\\s*$`;
}
