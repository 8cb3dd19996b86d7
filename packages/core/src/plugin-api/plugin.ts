import type { Allocation, Job } from "../domain/workspace/job.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import type { OwnedKeys } from "./define/claim.ts";
import type { HookName, Hooks } from "./hooks.ts";
import type { PluginTools } from "./life/plugin-tools.ts";
import type { ProvidedService, Service } from "./life/services.ts";

/**
 * Commands by their paths as typed, such as `cat jobs`. Each function imports the clipanion class, and is called only
 * when that command is typed, or for help and completion. The class has the same paths; `-` and `_` are alike.
 */
export type LazyCommands = Readonly<Record<string, () => Promise<unknown>>>;

/** The features that a plugin provides, apart from the keys, commands and tables that it declares. */
export interface Provides {
  /** Hooks that it handles. */
  readonly answers?: readonly HookName[];
  /** Transports of the workers for which it handles these hooks; default: all. */
  readonly transports?: readonly string[];
  /** Extensions of the job files that it renders, such as `.tpl`. */
  readonly renders?: readonly string[];
  /** Services for other plugins: `[TICKETS.by(() => tickets)]`. */
  readonly services?: readonly ProvidedService[];
  /** Whether other plugins may replace its template functions. */
  readonly replaceableFunctions?: boolean;
}

/** A plugin: an object with a name and a function that taps hooks. */
export interface Plugin<Name extends string = string> extends OwnedKeys {
  /** The name in taps, errors and `maand plugins`; other plugins use it for ordering. */
  readonly name: Name;
  /** Shown by `maand plugins`; default: the version of the package it was loaded from. */
  readonly version?: string;
  /** The versions of @maand/core it works with, such as `^1.2.0`; default: the peer dependency of its package. */
  readonly core?: string;
  /** Called once, before any hook. */
  apply(hooks: Hooks, tools?: PluginTools): void | Promise<void>;
  /**
   * Called once at the end of the command, even after a failure or Ctrl-C: send remaining data and close open
   * resources. The limit is 10 seconds.
   */
  dispose?(): void | Promise<void>;
  /** Services of other plugins that it uses; a missing one is an error when the plugins are loaded. */
  readonly needs?: readonly Service<unknown>[];
  /**
   * Commands that it adds to the CLI: functions that import clipanion classes, by path, or a list of the classes. With
   * functions, a class is loaded only for its own command.
   */
  readonly commands?: readonly unknown[] | LazyCommands;
  /** The features that it provides. Messages about a missing feature name the plugin. */
  readonly provides?: Provides;
  /** Tables that it adds to `maand cat`, by the word to type. */
  readonly tables?: Readonly<Record<string, Table>>;
  /** Files that it needs on every worker, in `bin/` of the bucket's directory there: name to text. */
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

/** A plugin as its author writes it: `apply` always receives its tools. */
export interface PluginDeclaration<Name extends string = string> extends Omit<Plugin<Name>, "apply"> {
  /** Called once, before any hook. */
  apply(hooks: Hooks, tools: PluginTools): void | Promise<void>;
}

/** Returns the plugin unchanged, with its type for editors. */
export function definePlugin<const Name extends string>(plugin: PluginDeclaration<Name>): Plugin<Name> {
  return plugin;
}
