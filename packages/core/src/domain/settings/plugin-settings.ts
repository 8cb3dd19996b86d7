import * as v from "valibot";
import type { Notes } from "../checks/schema-notes.ts";
import { isRecord } from "../checks/validate.ts";
import type { Settings } from "./settings.ts";

/** A key of `maand.conf`: what may be written, its sentence for people, and what holds without it. */
export type SettingEntry = v.OptionalSchema<v.GenericSchema, unknown>;

/** Reports a fault of one key: its name as it is written, what is wrong, and what to do. */
export type RefuseSetting = (key: string, message: string, hint?: string) => void;

/** Keys with what each may be, as a plugin declares them. */
export type SettingEntries = Readonly<Record<string, SettingEntry>>;

type ValuesOf<Entries extends SettingEntries> = v.InferOutput<v.ObjectSchema<Entries, undefined>>;

/** What a plugin declares of the keys of `maand.conf` it owns. */
export interface SettingsDeclaration<Entries extends SettingEntries> {
  /** Each made with {@link setting}. A key with a dot, such as `timeouts.hook`, is one of a table that core has. */
  readonly entries: Entries;
  /** Refuses what only several keys together can have wrong. */
  check?(values: ValuesOf<Entries>, refuse: RefuseSetting): void;
}

/** The keys of `maand.conf` that a plugin owns, and the way to read them: the `settings` member of a plugin. */
export interface PluginSettings<Entries extends SettingEntries = SettingEntries> {
  readonly entries: Entries;
  /** The values by key, with every default filled in; `settings` are those of a context. */
  from(settings: Pick<Settings, "plugins">): ValuesOf<Entries>;
  /** Refuses what only several keys together can have wrong. */
  check(settings: Pick<Settings, "plugins">, refuse: RefuseSetting): void;
}

/** The keys of a declaration as they are written, for the type of `settings` in a configuration. */
export type WrittenKeys<Declared extends PluginSettings> = Readonly<
  v.InferInput<v.ObjectSchema<Declared["entries"], undefined>>
>;

/**
 * Declares the keys of `maand.conf` that a plugin owns. They are checked together with those of core, are part of the schema
 * for editors and of the `maand.conf` that `maand init` writes, and are read with their types:
 * `SLACK.from(context.settings).slack_channel`.
 */
export function defineSettings<const Entries extends SettingEntries>(
  declared: SettingsDeclaration<Entries>,
): PluginSettings<Entries> {
  const schema = v.object(declared.entries);
  const from = ({ plugins }: Pick<Settings, "plugins">) => v.parse(schema, plugins);
  return { entries: declared.entries, from, check: (settings, refuse) => declared.check?.(from(settings), refuse) };
}

/** Whether a value is a declaration: a plugin written in JavaScript may have anything there. */
export function isDeclared(value: unknown): value is PluginSettings {
  if (!isRecord(value) || !isRecord(value.entries)) return false;
  return typeof value.from === "function" && typeof value.check === "function";
}

/** One key: a valibot schema, a sentence that ends with the default, that default, and further notes for editors. */
export function setting<const Schema extends v.GenericSchema>(
  schema: Schema,
  description: string,
  fallback: v.InferInput<Schema>,
  notes: Notes = {},
) {
  const described = v.pipe(schema, v.description(description), v.metadata({ default: fallback, ...notes }));
  return v.optional(described, () => fallback);
}
