import * as v from "valibot";
import { error, type Report } from "../checks/problem.ts";
import { isRecord, readWritten, warnAbsentKeys, warnUnknownKeys } from "../checks/validate.ts";
import { parseMode } from "../deploy/file-access.ts";
import { parseBytes } from "../workspace/resource-units.ts";
import type { PluginSettings } from "./plugin-settings.ts";
import { DEFAULT_SETTINGS as D, type Settings } from "./settings.ts";
import { CoreSchema, ENTRIES, MEGABYTE, settingsSchema, TABLES } from "./settings-schema.ts";

/** The owners of keys that core does not read. */
export interface SettingsOwners {
  /** The declarations of the loaded plugins. */
  readonly loaded: readonly PluginSettings[];
  /** Keys of plugins that are available but not loaded, each with the step that enables it. */
  readonly absent: ReadonlyMap<string, string>;
}

const HOUR_MS = 3_600_000;

/**
 * Completes the written settings with the defaults; undefined if they do not match the schema. Problems that the check
 * of a plugin finds are only reported.
 */
export function resolveSettings(
  written: unknown,
  file: string,
  owners: SettingsOwners,
  report: Report,
): Settings | undefined {
  const schema = settingsSchema(owners.loaded);
  if (!readWritten(schema, written, { file, code: "invalid_conf" }, report)) return undefined;
  const parsed = v.parse(CoreSchema, written);
  warnUnread(parsed, [...Object.keys(ENTRIES), ...Object.keys(TABLES)], "", file, owners, report);
  for (const [table, { entries }] of Object.entries(TABLES))
    warnUnread(parsed[table], Object.keys(entries), table, file, owners, report);
  const settings = resolved(parsed, ownedValues(parsed, owners.loaded));
  for (const one of owners.loaded)
    one.check(settings, (key, message, hint) => report(error("invalid_conf", `${file}: ${key}`, message, hint)));
  return settings;
}

/** Warns about unknown keys, inside and outside tables: typos, or keys of a plugin that is not loaded. */
function warnUnread(
  written: unknown,
  keys: readonly string[],
  table: string,
  file: string,
  { loaded, absent }: SettingsOwners,
  report: Report,
): void {
  if (!isRecord(written)) return;
  const prefix = table === "" ? "" : `${table}.`;
  const owned = loaded.flatMap(({ entries }) => Object.keys(entries));
  const inside = owned.filter((key) => key.startsWith(prefix) && !key.slice(prefix.length).includes("."));
  const known = [...keys, ...inside.map((key) => key.slice(prefix.length))];
  const others = warnAbsentKeys(written, known, absent, { file, prefix }, report);
  warnUnknownKeys(others, known, file, table, report);
}

/** The values of plugins' keys by their full names, as written. */
function ownedValues(
  written: Readonly<Record<string, unknown>>,
  loaded: readonly PluginSettings[],
): Readonly<Record<string, unknown>> {
  const values = loaded.flatMap(({ entries }) =>
    Object.keys(entries).map((key): [string, unknown] => {
      const [first = "", name] = key.split(".");
      const value = written[first];
      return [key, name === undefined ? value : isRecord(value) ? value[name] : undefined];
    }),
  );
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

function resolved(parsed: v.InferOutput<typeof CoreSchema>, plugins: Settings["plugins"]): Settings {
  return {
    workerRoot: parsed.worker_root ?? D.workerRoot,
    transport: parsed.transport ?? D.transport,
    maxConcurrentJobs: parsed.max_concurrent_jobs ?? D.maxConcurrentJobs,
    maxFileBytes: parseBytes(parsed.max_file_size ?? "") || D.maxFileBytes,
    keepReleases: parsed.keep_releases ?? D.keepReleases,
    ...(parsed.secret_files_mode === undefined ? {} : { secretFilesMode: parseMode(parsed.secret_files_mode) }),
    secretsMaxAgeMs: (parsed.secrets_max_age ?? 0) * HOUR_MS,
    jobConfigSelector: parsed.job_config_selector ?? D.jobConfigSelector,
    ...(parsed.kv_key_command?.length ? { kvKeyCommand: parsed.kv_key_command } : {}),
    ...(parsed.workers_command?.length ? { workersCommand: parsed.workers_command } : {}),
    logFormat: parsed.log_format === undefined || parsed.log_format === "kv" ? "kv" : "json",
    logs: {
      maxBytes: (parsed.logs?.max_mb ?? D.logs.maxBytes / MEGABYTE) * MEGABYTE,
      keepFiles: parsed.logs?.keep_files ?? D.logs.keepFiles,
      keepRuns: parsed.logs?.keep_runs ?? D.logs.keepRuns,
    },
    timeouts: {
      connectMs: milliseconds(parsed.timeouts?.connect, D.timeouts.connectMs),
      commandMs: milliseconds(parsed.timeouts?.command, D.timeouts.commandMs),
      tapMs: milliseconds(parsed.timeouts?.tap, D.timeouts.tapMs),
    },
    plugins,
  };
}

function milliseconds(seconds: number | undefined, otherwise: number): number {
  return seconds === undefined ? otherwise : seconds * 1000;
}
