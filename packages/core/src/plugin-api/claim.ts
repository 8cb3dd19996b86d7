import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { PluginSettings } from "../domain/settings/plugin-settings.ts";

/** A key of `manifest.json` that a plugin owns. Unclaimed keys cause a warning at build, because they are often typing errors. */
export interface Claim {
  /** One sentence for the schema an editor shows. */
  readonly description: string;
  /** Checks the value at build; any library that speaks Standard Schema (valibot, zod, arktype, ...). */
  readonly schema: StandardSchemaV1;
  /** Whether this plugin starts and stops jobs with this key, so that they need no Makefile. Default false. */
  readonly lifecycle?: boolean;
  /** The schema as JSON Schema, for `maand schema manifest`. */
  readonly jsonSchema?: () => Record<string, unknown>;
}

/** Keys of the files people write that a plugin owns. */
export interface OwnedKeys {
  /** Keys of `maand.conf`; made with `defineSettings`. */
  readonly settings?: PluginSettings;
  /** Keys of `manifest.json`. */
  readonly claims?: Readonly<Record<string, Claim>>;
  /** Schemas of files of its own, by the word after `maand schema`. */
  readonly schemas?: Readonly<Record<string, FileSchema>>;
}

/** The schema of a file that a plugin reads: `maand schema` prints it, and `maand init` writes it for editors. */
export interface FileSchema {
  /** What the file is, for the help. */
  readonly description: string;
  /** YAML files it holds for, relative to the bucket's directory, with `*`. */
  readonly yamlFiles: readonly string[];
  /** The schema, without `$schema`. */
  jsonSchema(): Record<string, unknown> | Promise<Record<string, unknown>>;
}
