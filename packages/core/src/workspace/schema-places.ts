/** The names of the schemas, one per user-written file. */
export const SCHEMA_NAMES = ["manifest", "workers", "disabled", "config"] as const;

export type SchemaName = (typeof SCHEMA_NAMES)[number];

/** The path of a schema file, relative to the bucket's directory. */
export function schemaFile(name: string): string {
  return `workspace/.schemas/${name}.json`;
}

/** The path of the schema relative to a job's directory, for `$schema` in its manifest. */
export const MANIFEST_SCHEMA_LINK = "../../.schemas/manifest.json";
