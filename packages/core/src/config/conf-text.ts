import * as v from "valibot";
import type { PluginSettings } from "../domain/settings/plugin-settings.ts";
import { settingsSchema } from "../domain/settings/settings-schema.ts";

/** Keys that a new bucket begins with: safer than what holds without them, which older buckets may rely on. */
export const NEW_BUCKET: Readonly<Record<string, string>> = { secret_files_mode: "0600" };

/**
 * `maand.conf` as init writes it: every key, those of plugins included, as a comment with its meaning and its default, from
 * the schema that checks it; keys that are `set` are written with their value. The first line tells editors of TOML where
 * `schema` is.
 */
export function confText(
  schema: string,
  plugins: readonly PluginSettings[],
  set: Readonly<Record<string, string>> = {},
): string {
  const { entries } = settingsSchema(plugins);
  const keys = Object.entries(entries).flatMap(([key, { wrapped }]) => lines(key, wrapped, set[key]));
  return `${[
    `#:schema ${schema}`,
    '# Settings of this bucket, each with its default. To change one, take the "# " before it away.',
    ...keys,
  ].join("\n")}\n`;
}

/** A table becomes keys with a dot, so that each line can stand alone. */
function lines(key: string, schema: v.GenericSchema, value?: string): string[] {
  const parts = entriesOf(schema);
  if (parts.length > 0) return parts.flatMap(([name, part]) => lines(`${key}.${name}`, part));
  const meaning = `# ${v.getDescription(schema) ?? ""}${choices(schema)}`;
  if (value !== undefined) return ["", meaning, `${key} = ${JSON.stringify(value)}`];
  return ["", meaning, `# ${key} = ${JSON.stringify(v.getMetadata(schema).default)}`];
}

function choices(schema: v.GenericSchema): string {
  const [first] = pipeOf(schema);
  return typeof first === "object" && first !== null && "options" in first && Array.isArray(first.options)
    ? ` One of ${first.options.join(", ")}.`
    : "";
}

function entriesOf(schema: v.GenericSchema): [string, v.GenericSchema][] {
  const [first] = pipeOf(schema);
  if (typeof first !== "object" || first === null || !("entries" in first)) return [];
  return Object.entries<{ wrapped: v.GenericSchema }>({ ...Object(first.entries) }).map(([name, { wrapped }]) => [
    name,
    wrapped,
  ]);
}

function pipeOf(schema: v.GenericSchema): readonly unknown[] {
  return "pipe" in schema && Array.isArray(schema.pipe) ? schema.pipe : [schema];
}
