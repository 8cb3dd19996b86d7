/** The schemas there are: one per file a person writes. */
export const SCHEMA_NAMES = ["manifest", "workers", "disabled", "config"] as const;

export type SchemaName = (typeof SCHEMA_NAMES)[number];

/** Where a schema file is, seen from the bucket's directory. */
export function schemaFile(name: SchemaName): string {
  return `workspace/.schemas/${name}.json`;
}

/** The same, seen from a job's directory, as `$schema` of its manifest. */
export const MANIFEST_SCHEMA_LINK = "../../.schemas/manifest.json";
