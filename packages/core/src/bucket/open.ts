import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import { type BucketPaths, findBucket } from "../config/find-bucket.ts";
import { loadConfig } from "../config/load.ts";
import type { Loaded, LoadOptions } from "../config/loaded.ts";
import type { MaandError } from "../errors.ts";
import { runLog } from "../log/run-log.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { Mask } from "../remote/mask-secrets.ts";
import type { StoredCatalog } from "../store/catalog-rows.ts";
import { Kv } from "../store/kv/kv.ts";
import { KvKey } from "../store/kv/kv-key.ts";
import type { ConnectStatements } from "../store/team/pg/statements.ts";
import { applyPlugins, oldNamesIn } from "./apply-plugins.ts";
import type { Bucket } from "./bucket.ts";
import { PluginLife } from "./life/plugin-life.ts";
import { openStore } from "./open-store.ts";
import { RunRecordSender } from "./team/send-run-records.ts";
import { syncSharedFiles } from "./team/shared-files.ts";
import type { Tracer } from "./trace/tracer.ts";
import { TapWatch } from "./watch/tap-watch.ts";

/** What the caller of a command passes in: directory, clock, process id, signal. */
export interface OpenOptions extends LoadOptions {
  /** The directory where the search for the bucket starts. */
  readonly from: string;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly pid: number;
  /** Readers of events, such as the screen. They are not part of the configuration. */
  readonly readers?: readonly Plugin[];
  /** Measures every call to a tap. */
  readonly tracer?: Tracer;
  /**
   * Registers a function to call whenever the process has nothing left to wait for and would exit. Returns a function
   * that removes it.
   */
  readonly onIdle?: (listener: () => void) => () => void;
  /** Connects to the database that has the store; default: to PostgreSQL. */
  readonly connectStore?: ConnectStatements;
}

/** An opened bucket; close it when done. */
export interface OpenedBucket extends Bucket {
  readonly loaded: Loaded;
  /** Disposes the plugins and closes the logs and the store. Returns the errors of plugins. */
  close(): Promise<readonly MaandError[]>;
}

/** Finds the bucket, loads its configuration, applies its plugins and opens its store. */
export function openBucket(options: OpenOptions): Promise<OpenedBucket> {
  return openBucketAt(findBucket(options.from), options);
}

/**
 * Opens the bucket with these paths. `configured` has the path of the configuration, for a copy of a bucket that has no
 * configuration.
 */
export async function openBucketAt(
  paths: BucketPaths,
  options: Omit<OpenOptions, "from">,
  configured: BucketPaths = paths,
): Promise<OpenedBucket> {
  // every running command listens for the interruption, so a hundred listeners do not indicate a leak
  setMaxListeners(0, options.signal);
  const loaded = await loadConfig(configured, options);
  const watch = new TapWatch({ tapMs: loaded.settings.timeouts.tapMs, signal: options.signal });
  const life = new PluginLife(watch, options.tracer);
  const ignoreIdle = options.onIdle?.(() => watch.endStuck()) ?? (() => {});
  try {
    return await openWith(life, { paths, loaded, options, ignoreIdle });
  } catch (cause) {
    await life.dispose();
    ignoreIdle();
    throw cause;
  }
}

interface Found {
  readonly paths: BucketPaths;
  readonly loaded: Loaded;
  readonly options: Omit<OpenOptions, "from">;
  ignoreIdle(): void;
}

async function openWith(life: PluginLife, found: Found): Promise<OpenedBucket> {
  const { paths, loaded, options } = found;
  const plugins = loaded.plugins.map(({ plugin }) => plugin);
  const log = runLog(paths.logs, { format: loaded.settings.logFormat, ...loaded.settings.logs });
  const hooks = await applyPlugins([log, ...(options.readers ?? []), ...plugins], paths.root, life);
  const store = openStore(paths, { connect: options.connectStore, interrupted: options.signal });
  await syncSharedFiles(paths, store);
  const records =
    store.workingCopy && new RunRecordSender(store.workingCopy.authority.records, loaded.settings.logs.keepRuns);
  if (records) {
    log.onLine(
      (run, file, line) => records.add(run, file, line),
      () => records.backPressure(),
    );
  }
  const mask = new Mask(() => namesIn(store.catalog.read()));
  const key = new KvKey(paths.kvKey, { command: () => loaded.settings.kvKeyCommand });
  life.states.open(store.pluginState);
  life.hasSecret = (text) => mask.text(text) !== text;
  return {
    paths,
    bucketId: store.bucket.read()?.id ?? "",
    store,
    kv: new Kv({ rows: store.kv, key, now: options.now, onSecret: (value) => mask.add(value) }),
    key,
    mask,
    hooks,
    watch: life.watch,
    states: life.states,
    plugins,
    loaded,
    absent: loaded.absent,
    oldNames: [...loaded.oldNames, ...oldNamesIn(hooks)],
    settings: loaded.settings,
    now: options.now,
    newId: randomUUID,
    signal: options.signal,
    pid: options.pid,
    logProblem: log.problem,
    async close() {
      const problems = life.isOpen ? await life.dispose() : [];
      found.ignoreIdle();
      life.watch.onWaiting = undefined; // a tap that is still pending after an interruption can no longer be recorded
      log.close(options.now());
      records?.close();
      // an earlier step has reported the unreachable database; the next command will share the changes of this command
      if (store.workingCopy) await syncSharedFiles(paths, store).catch(() => undefined);
      store.close();
      return problems;
    },
  };
}

/**
 * Names that messages and tables show. Masking a secret that equals one of these names would not protect the secret.
 */
function namesIn({ jobs, removedJobs, workers, removedWorkers }: StoredCatalog): string[] {
  return [
    ...[...jobs, ...removedJobs].flatMap(({ name, version, selectors, commands, ports }) => [
      ...[name, version, ...selectors, ...commands.map((command) => command.name)],
      ...Object.entries(ports).flatMap(([port, number]) => [port, String(number)]),
    ]),
    ...[...workers, ...removedWorkers].flatMap(({ host, hostname, labels }) => [host, hostname ?? host, ...labels]),
  ];
}
