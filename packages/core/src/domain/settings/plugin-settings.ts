import * as v from "valibot";
import type { Notes } from "../checks/schema-notes.ts";
import { isRecord } from "../checks/validate.ts";
import type { Settings } from "./settings.ts";

/** A key of `maand.conf`: its schema, description and default. */
export type SettingEntry = v.OptionalSchema<v.GenericSchema, unknown>;

/** Reports a problem of one key: its name as written, the problem, and a hint. */
export type RefuseSetting = (key: string, message: string, hint?: string) => void;

/** Keys with their schemas, as a plugin declares them. */
export type SettingEntries = Readonly<Record<string, SettingEntry>>;

type ValuesOf<Entries extends SettingEntries> = v.InferOutput<v.ObjectSchema<Entries, undefined>>;

/** A plugin's declaration of the keys of `maand.conf` that it owns. */
export interface SettingsDeclaration<Entries extends SettingEntries> {
  /** The keys, each created with {@link setting}. A dotted key, such as `timeouts.hook`, belongs to a table of core. */
  readonly entries: Entries;
  /** Checks the combination of several keys. */
  check?(values: ValuesOf<Entries>, refuse: RefuseSetting): void;
}

/** The keys of `maand.conf` that a plugin owns, with a typed reader: the `settings` member of a plugin. */
export interface PluginSettings<Entries extends SettingEntries = SettingEntries> {
  readonly entries: Entries;
  /** The values by key, with all defaults filled in. Pass the `settings` of a context. */
  from(settings: Pick<Settings, "plugins">): ValuesOf<Entries>;
  /** Checks the combination of several keys. */
  check(settings: Pick<Settings, "plugins">, refuse: RefuseSetting): void;
}

/** The keys of a declaration as written, for the type of `settings` in a configuration. */
export type WrittenKeys<Declared extends PluginSettings> = Readonly<
  v.InferInput<v.ObjectSchema<Declared["entries"], undefined>>
>;

/**
 * Declares the keys of `maand.conf` that a plugin owns. They are checked together with the keys of core, and are part
 * of the schema for editors and of the `maand.conf` that `maand init` writes. Read their typed values with `from`:
 * `SLACK.from(context.settings).slack_channel`.
 */
export function defineSettings<const Entries extends SettingEntries>(
  declared: SettingsDeclaration<Entries>,
): PluginSettings<Entries> {
  const schema = v.object(declared.entries);
  const from = ({ plugins }: Pick<Settings, "plugins">) => v.parse(schema, plugins);
  return { entries: declared.entries, from, check: (settings, refuse) => declared.check?.(from(settings), refuse) };
}

/** Whether a value is a declaration. The type cannot guarantee this, because a JavaScript plugin may pass any value. */
export function isDeclared(value: unknown): value is PluginSettings {
  if (!isRecord(value) || !isRecord(value.entries)) return false;
  return typeof value.from === "function" && typeof value.check === "function";
}

/**
 * Defines one key by a valibot schema, a description that ends with the default, that default, and further notes for
 * editors.
 */
export function setting<const Schema extends v.GenericSchema>(
  schema: Schema,
  description: string,
  fallback: v.InferInput<Schema>,
  notes: Notes = {},
) {
  const described = v.pipe(schema, v.description(description), v.metadata({ default: fallback, ...notes }));
  return v.optional(described, () => fallback);
}
