import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Hooks } from "./hooks.ts";

/** A key of `manifest.json` that a plugin owns; a key nobody owns is a warning (decision 21). */
export interface Claim {
  /** One sentence for the schema an editor shows. */
  readonly description: string;
  /** Checks the value at build; any library that speaks Standard Schema (valibot, zod, arktype, ...). */
  readonly schema: StandardSchemaV1;
  /** The same as JSON Schema, for `maand schema manifest`. */
  readonly jsonSchema?: () => Record<string, unknown>;
}

/** A plugin: a value with a name and a function that taps hooks. */
export interface Plugin {
  /** How taps, errors and `maand plugins` name it; also what others order themselves by. */
  readonly name: string;
  readonly version?: string;
  /** Called once, when the program starts something that uses hooks. */
  apply(hooks: Hooks): void | Promise<void>;
  /** clipanion command classes it adds to the CLI. */
  readonly commands?: readonly unknown[];
  /** Keys of `manifest.json` it owns. */
  readonly claims?: Readonly<Record<string, Claim>>;
  /** Files it needs on every worker, under `bin/` of the bucket's directory there: name to text. */
  readonly workerFiles?: Readonly<Record<string, string>>;
}

/** Keeps a plugin's type where it is written. */
export function definePlugin(plugin: Plugin): Plugin {
  return plugin;
}
