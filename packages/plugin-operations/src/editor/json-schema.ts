import type { Claim, FileSchema } from "@maand/core";
import { type JsonSchema, jsonSchemaOf } from "@maand/core";
import type { OwnedKeys, SchemaName } from "@maand/core/internal";
import { DisabledSchema, MANIFEST_ALIASES, ManifestSchema, settingsSchema, WorkersSchema } from "@maand/core/operator";

import { fingerprint } from "./fingerprint.ts";

const DRAFT = "http://json-schema.org/draft-07/schema#";

/** The schema of a file, generated from the definition that validates it, with the keys of plugins. */
export function jsonSchema(name: SchemaName, plugins: readonly OwnedKeys[]): JsonSchema {
  const { title, description, ...rest } = plainTexts(BY_NAME[name](plugins));
  return { $schema: DRAFT, $comment: schemaMark(name, plugins), title, description, ...rest };
}

/**
 * The `$comment` of a schema. It differs if the schema would differ, and can be computed without generating the schema.
 */
export function schemaMark(name: SchemaName, plugins: readonly OwnedKeys[]): string {
  return marked(name === "manifest" ? [MANIFEST_ALIASES, claimsOf(plugins)] : [], DEFINITIONS[name](plugins));
}

/** The `$comment` of the schema for a file that a plugin reads. */
export function pluginSchemaMark(schema: FileSchema): string {
  return marked(schema);
}

function marked(...inputs: readonly unknown[]): string {
  return `made by maand from ${fingerprint(...inputs)}`;
}

/** The schema of a file that a plugin reads. */
export async function pluginSchema(schema: FileSchema): Promise<JsonSchema> {
  const { description } = schema;
  return { $schema: DRAFT, $comment: pluginSchemaMark(schema), description, ...(await schema.jsonSchema()) };
}

/** The schemas of all files that plugins read, by name. */
export function pluginSchemas(plugins: readonly OwnedKeys[]): [string, FileSchema][] {
  return plugins.flatMap(({ schemas = {} }) => Object.entries(schemas));
}

type From<Made> = (plugins: readonly OwnedKeys[]) => Made;

/** The definitions that the files are checked with. */
const DEFINITIONS = {
  manifest: () => ManifestSchema,
  workers: () => WorkersSchema,
  disabled: () => DisabledSchema,
  config: (plugins) => settingsSchema(plugins.flatMap(({ settings }) => settings ?? [])),
} as const satisfies Record<SchemaName, From<unknown>>;

const BY_NAME: Readonly<Record<SchemaName, From<JsonSchema>>> = {
  manifest: manifestSchema,
  workers: () => jsonSchemaOf(WorkersSchema),
  disabled: () => jsonSchemaOf(DisabledSchema),
  config: (plugins) => jsonSchemaOf(DEFINITIONS.config(plugins)),
};

function claimsOf(plugins: readonly OwnedKeys[]): [string, Claim][] {
  return plugins.flatMap(({ claims = {} }) => Object.entries(claims));
}

function manifestSchema(plugins: readonly OwnedKeys[]): JsonSchema {
  const schema = jsonSchemaOf(ManifestSchema);
  const properties: Record<string, unknown> = { ...Object(schema.properties) };
  for (const [old, name] of Object.entries(MANIFEST_ALIASES)) properties[old] = renamed(properties[name], name);
  for (const [key, claim] of claimsOf(plugins)) properties[key] = claimed(properties[key], claim);
  return { ...schema, properties };
}

/** Adds an older name, which still works. The schema marks it as deprecated, and editors strike it through. */
function renamed(schema: unknown, name: string): JsonSchema {
  const message = `An older name of ${name}.`;
  return { ...Object(schema), description: message, deprecationMessage: message, doNotSuggest: true };
}

/** A key that core and a plugin both define must match both schemas. */
function claimed(own: unknown, { description, jsonSchema: make }: Claim): JsonSchema {
  const { $schema: _, ...schema } = make?.() ?? {};
  return own === undefined ? { description, ...schema } : { ...Object(own), allOf: [schema] };
}

/** A build refuses control characters in all strings, except tabs and newlines where they are meaningful. */
const PLAIN = {
  pattern: "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$",
  patternErrorMessage: "write it as plain text",
};

/** The same schema, with strings that contain no control characters. */
function plainTexts(schema: JsonSchema): JsonSchema {
  const plain = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, plainInside(key, value)]));
  if (plain.type !== "string" || plain.enum !== undefined || plain.const !== undefined) return plain;
  if (plain.pattern === undefined) return { ...plain, ...PLAIN };
  return { ...plain, allOf: [...(Array.isArray(plain.allOf) ? plain.allOf : []), PLAIN] };
}

function plainInside(keyword: string, value: unknown): unknown {
  if (["anyOf", "allOf", "oneOf"].includes(keyword) && Array.isArray(value)) return value.map(plainOf);
  if (["items", "additionalProperties"].includes(keyword)) return plainOf(value);
  if (keyword !== "properties") return value;
  return Object.fromEntries(Object.entries({ ...Object(value) }).map(([name, inner]) => [name, plainOf(inner)]));
}

function plainOf(schema: unknown): unknown {
  return typeof schema === "object" && schema !== null ? plainTexts({ ...schema }) : schema;
}
