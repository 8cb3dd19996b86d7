import type { StandardSchemaV1 } from "@standard-schema/spec";
import { MaandError } from "../../errors.ts";

/**
 * The keys of a plugin's state, each with a schema from any library that implements Standard Schema; synchronous ones
 * only.
 */
export type StateEntries = Readonly<Record<string, StandardSchemaV1>>;

/** The values that a plugin stores between runs, by key. */
export interface PluginState<Entries extends StateEntries> {
  /**
   * The value of a key; undefined if it was never set, or if an older version of the plugin set a value that does not
   * match the schema.
   */
  get<Key extends keyof Entries & string>(key: Key): StandardSchemaV1.InferOutput<Entries[Key]> | undefined;
  /**
   * Stores several values durably, all or none; `undefined` deletes one. Throws STATE_REFUSED for a value that does not
   * match its schema.
   */
  set(values: StateValues<Entries>): void;
}

/** Values to set, by key. */
export type StateValues<Entries extends StateEntries> = {
  readonly [Key in keyof Entries]?: StandardSchemaV1.InferInput<Entries[Key]> | undefined;
};

/** The storage of plugin state: JSON text by plugin and key. */
export interface StateRows {
  read(plugin: string, key: string): string | undefined;
  /** Writes all values or none; undefined deletes. */
  write(plugin: string, values: ReadonlyMap<string, string | undefined>): void;
  /** The total length of a plugin's values, except those of these keys. */
  sizeBeside(plugin: string, keys: readonly string[]): number;
}

/** Options for opening the state of one plugin. */
export interface StateOptions {
  readonly plugin: string;
  /** Returns the storage; throws before the store is open. */
  rows(): StateRows;
  /** Whether a string contains a known secret. */
  hasSecret(text: string): boolean;
}

/** The maximum size of a value, and of the whole state of one plugin, in characters of JSON. */
export const STATE_LIMITS = { value: 64 * 1024, plugin: 1024 * 1024 };

/** The state of one plugin. */
export function pluginState<const Entries extends StateEntries>(
  options: StateOptions,
  entries: Entries,
): PluginState<Entries>;
export function pluginState(options: StateOptions, entries: StateEntries): PluginState<StateEntries> {
  return {
    get(key) {
      const schema = schemaOf(options, entries, key);
      const text = options.rows().read(options.plugin, key);
      return text === undefined ? undefined : checked(schema, JSON.parse(text));
    },
    set(values) {
      const written = Object.entries(values).map(([key, value]): [string, string | undefined] => [
        key,
        value === undefined ? undefined : jsonOf(options, schemaOf(options, entries, key), key, value),
      ]);
      const rows = options.rows();
      checkSize(options, rows, written);
      rows.write(options.plugin, new Map(written));
    },
  };
}

function schemaOf({ plugin }: StateOptions, entries: StateEntries, key: string): StandardSchemaV1 {
  const schema = entries[key];
  if (schema === undefined || !Object.hasOwn(entries, key))
    throw refused(plugin, key, "is not one of its keys", `its keys are ${Object.keys(entries).join(", ")}`);
  return schema;
}

/** The output of the schema; undefined if the value does not match the schema, or if the schema is asynchronous. */
function checked(schema: StandardSchemaV1, value: unknown): unknown {
  const result = schema["~standard"].validate(value);
  return result instanceof Promise || result.issues ? undefined : result.value;
}

function jsonOf(options: StateOptions, schema: StandardSchemaV1, key: string, value: unknown): string {
  const { plugin } = options;
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) throw refused(plugin, key, "has an asynchronous schema", "use a synchronous one");
  if (result.issues) throw refused(plugin, key, `does not fit its schema: ${result.issues[0]?.message ?? ""}`);
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw refused(plugin, key, "is not JSON");
  if (text.length > STATE_LIMITS.value)
    throw refused(plugin, key, `has ${text.length} characters, but the limit is ${STATE_LIMITS.value}`, SMALL);
  if (options.hasSecret(text))
    throw refused(plugin, key, "contains a secret, and state is not encrypted", "keep secrets in the KV store");
  return text;
}

const SMALL = "state is for small values; keep larger ones in a file";

function checkSize(
  { plugin }: StateOptions,
  rows: StateRows,
  written: readonly (readonly [string, string | undefined])[],
): void {
  const keys = written.map(([key]) => key);
  const size = written.reduce((sum, [, text = ""]) => sum + text.length, rows.sizeBeside(plugin, keys));
  if (size > STATE_LIMITS.plugin)
    throw refused(plugin, keys.join(", "), `makes its state larger than ${STATE_LIMITS.plugin} characters`, SMALL);
}

function refused(plugin: string, key: string, what: string, hint?: string): MaandError {
  return new MaandError({
    code: "STATE_REFUSED",
    message: `the state "${key}" of plugin "${plugin}" ${what}`,
    ...(hint === undefined ? {} : { hint }),
  });
}
