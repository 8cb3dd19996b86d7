import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { PluginSettings } from "../domain/settings/plugin-settings.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import type { HookName, Hooks } from "./hooks.ts";

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

/** What a bucket misses without a plugin, apart from the keys, commands and tables that it declares. */
export interface Provides {
  /** Hooks it answers. */
  readonly answers?: readonly HookName[];
  /** Transports of the workers it answers them for; default: all. */
  readonly transports?: readonly string[];
  /** Endings of the job files that it makes other files of, such as `.tpl`. */
  readonly renders?: readonly string[];
  /** Other plugins may put functions of their own in the place of its template functions. */
  readonly replaceableFunctions?: boolean;
}

/** A plugin: a value with a name and a function that taps hooks. */
export interface Plugin<Name extends string = string> {
  /** The name in taps, errors and `maand plugins`; other plugins order themselves by it. */
  readonly name: Name;
  /** Shown by `maand plugins`; default: the version of the package it was loaded from. */
  readonly version?: string;
  /** The versions of @maand/core it works with, such as `^1.2.0`; default: the peer dependency of its package. */
  readonly core?: string;
  /** Called once, before any hook. */
  apply(hooks: Hooks): void | Promise<void>;
  /** clipanion command classes it adds to the CLI. */
  readonly commands?: readonly unknown[];
  /** What is missing without it: messages about that name the plugin. */
  readonly provides?: Provides;
  /** Keys of `maand.conf` it owns; made with `defineSettings`. */
  readonly settings?: PluginSettings;
  /** Keys of `manifest.json` it owns. */
  readonly claims?: Readonly<Record<string, Claim>>;
  /** Tables of `maand cat` it adds, by the word that is typed. */
  readonly tables?: Readonly<Record<string, Table>>;
  /** Files it needs on every worker, under `bin/` of the bucket's directory there: name to text. */
  readonly workerFiles?: Readonly<Record<string, string>>;
}

/** A table of `maand cat`: what `maand cat <word>` prints, and with `--json` as a list of objects. */
export interface Table {
  /** One line for the help. */
  readonly description: string;
  /** The columns, which are also the keys of a row. */
  readonly columns: readonly string[];
  /** Returns the rows. It contacts no worker and changes nothing. */
  rows(context: TableContext): TableRow[] | Promise<TableRow[]>;
}

/** A row by column; a missing column is empty. */
export type TableRow = Readonly<Record<string, string | number | boolean | null>>;

/** The stored bucket, for the rows of a table. */
export interface TableContext {
  readonly bucket: { readonly id: string /** Absolute. */; readonly root: string };
  readonly jobs: readonly Job[];
  readonly workers: readonly Worker[];
  readonly allocations: readonly Allocation[];
  /** The clock. */
  now(): Date;
}

/** Returns the plugin unchanged; it exists so that editors know its type. */
export function definePlugin<const Name extends string>(plugin: Plugin<Name>): Plugin<Name> {
  return plugin;
}
