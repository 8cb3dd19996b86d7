import type { Claim, FileSchema } from "@maand/core";
import { type JsonSchema, jsonSchemaOf } from "@maand/core";
import type { OwnedKeys, SchemaName } from "@maand/core/internal";
import { DisabledSchema, MANIFEST_ALIASES, ManifestSchema, settingsSchema, WorkersSchema } from "@maand/core/operator";

const DRAFT = "http://json-schema.org/draft-07/schema#";

/** The schema of a file, generated from the definition that validates it, with the keys of plugins. */
export function jsonSchema(name: SchemaName, plugins: readonly OwnedKeys[]): JsonSchema {
  const { title, description, ...rest } = BY_NAME[name](plugins);
  return { $schema: DRAFT, title, description, ...rest };
}

/** The schema of a file that a plugin reads. */
export async function pluginSchema({ description, jsonSchema: make }: FileSchema): Promise<JsonSchema> {
  return { $schema: DRAFT, description, ...(await make()) };
}

/** The schemas of all files that plugins read, by name. */
export function pluginSchemas(plugins: readonly OwnedKeys[]): [string, FileSchema][] {
  return plugins.flatMap(({ schemas = {} }) => Object.entries(schemas));
}

type Make = (plugins: readonly OwnedKeys[]) => JsonSchema;

const BY_NAME: Readonly<Record<SchemaName, Make>> = {
  manifest: manifestSchema,
  workers: () => jsonSchemaOf(WorkersSchema),
  disabled: () => jsonSchemaOf(DisabledSchema),
  config: (plugins) => jsonSchemaOf(settingsSchema(plugins.flatMap(({ settings }) => settings ?? []))),
};

function manifestSchema(plugins: readonly OwnedKeys[]): JsonSchema {
  const schema = jsonSchemaOf(ManifestSchema);
  const properties: Record<string, unknown> = { ...Object(schema.properties) };
  for (const [old, name] of Object.entries(MANIFEST_ALIASES)) properties[old] = renamed(properties[name], name);
  const claims = plugins.flatMap((plugin) => Object.entries(plugin.claims ?? {}));
  for (const [key, claim] of claims) properties[key] = claimed(properties[key], claim);
  return { ...schema, properties };
}

/** An older name still works; the schema marks it as deprecated, and editors strike it out. */
function renamed(schema: unknown, name: string): JsonSchema {
  const message = `An older name of ${name}.`;
  return { ...Object(schema), description: message, deprecationMessage: message, doNotSuggest: true };
}

/** A key that core and a plugin both define must match both schemas. */
function claimed(own: unknown, { description, jsonSchema: make }: Claim): JsonSchema {
  const { $schema: _, ...schema } = make?.() ?? {};
  return own === undefined ? { description, ...schema } : { ...Object(own), allOf: [schema] };
}
