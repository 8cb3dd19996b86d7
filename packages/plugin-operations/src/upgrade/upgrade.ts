import { statfsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isMaandError } from "@maand/core";
import {
  type BucketPaths,
  coreVersion,
  type LoadedPlugin,
  type LoadOptions,
  loadConfig,
  shellLine,
} from "@maand/core/internal";
import { type PendingMigration, pendingMigrations, type StoreState, storeState } from "@maand/core/operator";
import { STORE_VERSION, sqliteVersion } from "@maand/core/readonly";

/** A problem that prevents this maand from using a bucket. */
export interface UpgradeProblem {
  /** A path in the bucket. */
  readonly where: string;
  readonly message: string;
  readonly hint?: string;
}

/** What the running maand would change in a bucket. */
export interface Upgrade {
  /** The versions of the running program. */
  readonly maand: string;
  readonly node: string;
  readonly sqlite: string;
  readonly state: StoreState["state"];
  /** The version of the store; undefined if it cannot be read. */
  readonly storeVersion: number | undefined;
  /** The version that the running maand needs. */
  readonly neededVersion: number;
  readonly migrations: readonly PendingMigration[];
  /** The size of the store with its write-ahead log, and the free space on its disk, in bytes. */
  readonly bytes: number;
  readonly freeBytes: number;
  /** The command that makes a backup, because maand does not make one itself. */
  readonly backup: string;
  /** The plugins of the configuration; empty if they cannot be loaded. */
  readonly plugins: readonly LoadedPlugin[];
  readonly problems: readonly UpgradeProblem[];
}

/**
 * Reads what an upgrade of a bucket to the running maand requires. Opens the store read-only, and applies no plugin.
 */
export async function readUpgrade(paths: BucketPaths, options: LoadOptions): Promise<Upgrade> {
  const sqlite = sqliteVersion();
  const { state, message, version } = storeState(paths.store);
  const migrations = state === "older" ? pendingMigrations(version ?? 0) : [];
  const { plugins, problems } = await pluginsOf(paths, options);
  const sizes = {
    bytes: [paths.store, `${paths.store}-wal`].reduce((sum, file) => sum + sizeOf(file), 0),
    freeBytes: freeBytes(dirname(paths.store)),
  };
  return {
    maand: coreVersion(),
    node: process.versions.node,
    sqlite,
    state,
    storeVersion: version,
    neededVersion: STORE_VERSION,
    migrations,
    ...sizes,
    backup: backupLine(paths.root),
    plugins,
    problems: [...storeProblems({ state, message }), ...diskProblems(migrations, sizes), ...problems],
  };
}

function storeProblems({ state, message }: Pick<StoreState, "state" | "message">): UpgradeProblem[] {
  if (state === "sound" || state === "older") return [];
  const where = "data/maand.db";
  if (state === "newer")
    return [
      { where, message: `a newer maand wrote it: ${message}`, hint: "use that version of maand, or a newer one" },
    ];
  return [{ where, message, hint: "to find out how to restore it, run maand doctor" }];
}

/** Checks the free space. A migration is one transaction, and its log may become as large as the store. */
function diskProblems(
  migrations: readonly PendingMigration[],
  { bytes, freeBytes: free }: Pick<Upgrade, "bytes" | "freeBytes">,
): UpgradeProblem[] {
  if (migrations.length === 0 || free >= bytes) return [];
  return [
    {
      where: "data/",
      message: `the disk has ${megabytes(free)} MB free, and the migration may need ${megabytes(bytes)} MB`,
      hint: "free space, for example with maand gc",
    },
  ];
}

/** The plugins of the configuration. A plugin that does not support this version of maand is a problem. */
async function pluginsOf(
  paths: BucketPaths,
  options: LoadOptions,
): Promise<{ readonly plugins: readonly LoadedPlugin[]; readonly problems: readonly UpgradeProblem[] }> {
  try {
    const { plugins } = await loadConfig(paths, options);
    return { plugins, problems: [] };
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
    const { problems, message, hint } = cause;
    const only = { where: ".", message, ...(hint === undefined ? {} : { hint }) };
    return { plugins: [], problems: problems.length > 0 ? problems : [only] };
  }
}

/** The command to make a backup, as in docs/operations.md. */
function backupLine(root: string): string {
  const file = join(dirname(root), `${basename(root)}-backup.tgz`);
  return shellLine(["tar", "-czf", file, "--exclude", "./tmp", "--exclude", "./logs", "-C", root, "."]);
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
