import type { StandardSchemaV1 } from "@standard-schema/spec";
import { checkedOptions } from "../define/plugin-with-options.ts";
import type { Plugin } from "../plugin.ts";

/**
 * Plugins that are used together, as one entry of a configuration: a list of plugins and of other presets. `false` and
 * `undefined` are skipped.
 */
export type Preset = readonly (Plugin | Preset | false | null | undefined)[];

/** A preset with options: the schema of the options, and a function that returns the plugins for them. */
export interface PresetWithOptions<Name extends string, Schema extends StandardSchemaV1> {
  /** For messages about its options. */
  readonly name: Name;
  /** A schema from any library that implements Standard Schema; it must be synchronous. */
  readonly options: Schema;
  /** The plugins; `options` is the output of the schema, with its defaults. */
  plugins(options: StandardSchemaV1.InferOutput<Schema>): Preset;
}

/** The function that creates the preset; options are optional if the schema accepts `{}`. */
export interface PresetMaker<Schema extends StandardSchemaV1> {
  (
    ...given: Partial<StandardSchemaV1.InferInput<Schema>> extends StandardSchemaV1.InferInput<Schema>
      ? [options?: StandardSchemaV1.InferInput<Schema>]
      : [options: StandardSchemaV1.InferInput<Schema>]
  ): Preset;
  /** The schema of its options. */
  readonly options: Schema;
}

/** Declares a preset with options, and returns the function that creates it: `acme({ channel: "#ops" })`. */
export function presetWithOptions<const Name extends string, Schema extends StandardSchemaV1>(
  declared: PresetWithOptions<Name, Schema>,
): PresetMaker<Schema> {
  const make = (given?: unknown): Preset =>
    declared.plugins(checkedOptions(declared.name, declared.options, given ?? {}));
  return Object.assign(make, { options: declared.options });
}
