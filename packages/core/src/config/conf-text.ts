import * as v from "valibot";
import type { PluginSettings } from "../domain/settings/plugin-settings.ts";
import { settingsSchema } from "../domain/settings/settings-schema.ts";

/** Settings of a new bucket. They are safer than the defaults, which must stay the same for existing buckets. */
export const NEW_BUCKET: Readonly<Record<string, string>> = { secret_files_mode: "0600" };

/**
 * The `maand.conf` that init writes. It lists every key, including those of plugins, as a comment with its meaning and
 * default, taken from the schema that checks it. Keys in `set` are written with their value, and not as a comment. The
 * first line names `schema` for TOML editors.
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
    '# Settings of this bucket, each with its default. To change one, remove the "# " before it.',
    ...keys,
  ].join("\n")}\n`;
}

/** A table is written as dotted keys, so each line is valid on its own. */
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
