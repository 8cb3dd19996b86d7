import { MANIFEST_ALIASES, ManifestSchema } from "../../domain/manifest/manifest-schema.ts";
import { settingsSchema } from "../../domain/settings/settings-schema.ts";
import { DisabledSchema } from "../../domain/workspace/disabled.ts";
import { WorkersSchema } from "../../domain/workspace/workers.ts";
import type { Claim, Plugin } from "../../plugin-api/plugin.ts";
import type { SchemaName } from "../../workspace/schema-places.ts";
import { type JsonSchema, jsonSchemaOf } from "./json-schema-of.ts";

/** What plugins declare of the files a person writes. */
type Declaring = Pick<Plugin, "claims" | "settings">;

const DRAFT = "http://json-schema.org/draft-07/schema#";

/** The schema of a file, from the definition that checks it, with the keys that plugins own. */
export function jsonSchema(name: SchemaName, plugins: readonly Declaring[]): JsonSchema {
  const { title, description, ...rest } = BY_NAME[name](plugins);
  return { $schema: DRAFT, title, description, ...rest };
}

type Make = (plugins: readonly Declaring[]) => JsonSchema;

const BY_NAME: Readonly<Record<SchemaName, Make>> = {
  manifest: manifestSchema,
  workers: () => jsonSchemaOf(WorkersSchema),
  disabled: () => jsonSchemaOf(DisabledSchema),
  config: (plugins) => jsonSchemaOf(settingsSchema(plugins.flatMap(({ settings }) => settings ?? []))),
};

function manifestSchema(plugins: readonly Declaring[]): JsonSchema {
  const schema = jsonSchemaOf(ManifestSchema);
  const properties: Record<string, unknown> = { ...Object(schema.properties) };
  for (const [old, name] of Object.entries(MANIFEST_ALIASES)) properties[old] = renamed(properties[name], name);
  const claims = plugins.flatMap((plugin) => Object.entries(plugin.claims ?? {}));
  for (const [key, claim] of claims) properties[key] = claimed(properties[key], claim);
  return { ...schema, properties };
}

/** An older name still works, and an editor strikes it out. */
function renamed(schema: unknown, name: string): JsonSchema {
  const message = `An older name of ${name}.`;
  return { ...Object(schema), description: message, deprecationMessage: message, doNotSuggest: true };
}

/** A key that core and a plugin both read has to keep both schemas. */
function claimed(own: unknown, { description, jsonSchema: make }: Claim): JsonSchema {
  const { $schema: _, ...schema } = make?.() ?? {};
  return own === undefined ? { description, ...schema } : { ...Object(own), allOf: [schema] };
}
