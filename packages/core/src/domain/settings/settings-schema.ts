import * as v from "valibot";
import { described, looksLike, trimmed } from "../checks/schema-notes.ts";
import { onlyObject, shown, withHint } from "../checks/validate.ts";
import { MODE_PATTERN } from "../deploy/file-access.ts";
import { MEMORY_PATTERN, parseBytes } from "../workspace/resource-units.ts";
import type { PluginSettings, SettingEntry } from "./plugin-settings.ts";
import { DEFAULT_SETTINGS } from "./settings.ts";

const seconds = v.pipe(
  v.number(),
  v.minValue(1, "must be at least 1 second"),
  v.maxValue(86_400, "must be at most a day, 86400 seconds"),
);
/** The number of bytes in a megabyte of `logs.max_mb`. */
export const MEGABYTE = 1_000_000;
const MOST = 100_000;

const megabytes = v.pipe(
  v.number(),
  v.minValue(0.1, "must be at least 0.1 megabytes"),
  v.maxValue(10_000, "must be at most 10000 megabytes"),
);

function count(least: number) {
  return v.pipe(
    v.number(),
    v.integer("must be a whole number"),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(MOST, `must be at most ${MOST}`),
  );
}

const SELECTOR = /^[A-Za-z0-9_-]*$/;
const SELECTOR_RULE = "must be letters, digits, - and _";
const MODE_HINT = 'write it as "0600", in quotes; the owner must be able to read the file';
const SIZE_HINT = 'write it as "200 mb" or "2 gb"';
const D = DEFAULT_SETTINGS;

/** Keys of core outside tables. */
export const ENTRIES = {
  worker_root: described(
    v.pipe(v.string(), v.regex(/^\/(?!.*\/\.\.?(?:\/|$)).*[^/]$/, "must be an absolute path")),
    `Directory of buckets on the workers; default "${D.workerRoot}".`,
    { default: D.workerRoot },
  ),
  transport: described(
    v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_-]*$/, "must be one lower-case word")),
    `Transport of the workers: ssh, local, or a plugin's transport; default "${D.transport}".`,
    { default: D.transport, examples: ["ssh", "local"] },
  ),
  max_concurrent_jobs: described(
    v.pipe(
      v.number(),
      v.integer("must be a whole number"),
      v.minValue(1, "must be at least 1"),
      v.maxValue(MOST, `must be at most ${MOST}`),
    ),
    `Jobs of one wave that are rolled out in parallel; default ${D.maxConcurrentJobs}.`,
    { default: D.maxConcurrentJobs },
  ),
  max_file_size: described(
    v.pipe(
      v.string(),
      v.check(
        (text) => (parseBytes(text) ?? 0) > 0,
        ({ input }) => withHint(`${shown(input)} is not a size`, SIZE_HINT),
      ),
      looksLike(MEMORY_PATTERN, SIZE_HINT),
    ),
    'Maximum size of a file of a job, in mb, gb or tb; default "1 gb".',
    { default: "1 gb", examples: ["200 mb"] },
  ),
  keep_releases: described(
    v.pipe(
      v.number(),
      v.integer("must be a whole number"),
      v.minValue(1, "must be at least 1"),
      v.maxValue(1000, "must be at most 1000"),
    ),
    `Releases of each job to keep for rollbacks; running releases are always kept. Default ${D.keepReleases}.`,
    { default: D.keepReleases },
  ),
  secret_files_mode: described(
    v.pipe(
      v.string(),
      v.regex(MODE_PATTERN, ({ input }) => withHint(`${shown(input)} is not a mode`, MODE_HINT)),
    ),
    'Mode of rendered files that contain a secret, unless the manifest sets one; default "0644", and "0600" in a new bucket.',
    { default: "0644", examples: ["0600", "0640"] },
  ),
  secrets_max_age: described(
    v.pipe(
      v.number(),
      v.minValue(0, "must not be negative"),
      v.maxValue(87_600, "must be at most ten years, 87600 hours"),
    ),
    "Hours after which a build reads a secret from its provider again; default 0, never.",
    { default: D.secretsMaxAgeMs },
  ),
  store: described(
    v.pipe(v.string(), looksLike("^(sqlite|postgres(ql)?://.+)$", "sqlite, or the URL of a PostgreSQL database")),
    'Location of the state of the bucket: "sqlite" (default), or the URL of a PostgreSQL database.',
    { default: "sqlite", examples: ["postgres://maand@db.example.com/maand?sslmode=verify-full"] },
  ),
  store_password_command: described(
    v.array(v.string()),
    "Program and arguments that print the password of the database; default none: PGPASSWORD or ~/.pgpass.",
    { default: [], examples: [["pass", "show", "maand/database"]] },
  ),
  store_timeout: described(
    v.pipe(seconds, v.maxValue(600, "must be at most 600 seconds")),
    "Seconds to wait for a database that does not answer; default 20.",
    { default: 20 },
  ),
  job_config_selector: described(
    v.pipe(v.string(), v.trim(), v.regex(SELECTOR, SELECTOR_RULE), looksLike(trimmed(SELECTOR), SELECTOR_RULE)),
    "Selects workspace/bucket.jobs.<selector>.conf; default none.",
    { default: D.jobConfigSelector },
  ),
  kv_key_command: described(
    v.array(v.pipe(v.string(), v.nonEmpty("must not be empty"))),
    "Program and arguments that print the key of the secrets, in base64; default: the key is in secrets/kv.key.",
    { default: [], examples: [["op", "read", "op://prod/maand/kv-key"]] },
  ),
  workers_command: described(
    v.array(v.pipe(v.string(), v.nonEmpty("must not be empty"))),
    "Program and arguments that print workers.json; each build runs it and writes the file. Default: you edit the file.",
    { default: [], examples: [["python3", "inventory.py"]] },
  ),
  log_format: described(v.picklist(["kv", "json", "jsonl"]), "Format of the log files; default kv.", {
    default: D.logFormat,
  }),
};

/** Tables of `maand.conf`, each with its description and keys. */
export const TABLES = {
  logs: {
    description: "Size and number of log files.",
    entries: {
      max_mb: described(megabytes, "Size in megabytes at which a log file is rotated; default 10.", {
        default: D.logs.maxBytes / MEGABYTE,
      }),
      keep_files: described(count(0), "Number of rotated files to keep of each log; default 4.", {
        default: D.logs.keepFiles,
      }),
      keep_runs: described(count(10), "Number of runs whose records are kept; default 200.", {
        default: D.logs.keepRuns,
      }),
    },
  },
  timeouts: {
    description: "Timeouts in seconds.",
    entries: {
      connect: described(seconds, "Seconds to connect to a worker; default 15.", {
        default: D.timeouts.connectMs / 1000,
      }),
      command: described(seconds, "Seconds that a command on a worker may take; default 300.", {
        default: D.timeouts.commandMs / 1000,
      }),
      tap: described(seconds, "Seconds without activity in a hook after which maand stops a plugin; default 900.", {
        default: D.timeouts.tapMs / 1000,
      }),
    },
  },
};

/** The keys of `maand.conf` that core reads. */
export const CoreSchema = v.looseObject({
  ...ENTRIES,
  logs: v.optional(v.looseObject(TABLES.logs.entries)),
  timeouts: v.optional(v.looseObject(TABLES.timeouts.entries)),
});

/**
 * The schema of `maand.conf`, and of `settings` in a `maand.config.*`. Each key appears once, with its description; the
 * keys of plugins come first.
 */
export function settingsSchema(loaded: readonly PluginSettings[]) {
  const owned = Object.assign({}, ...loaded.map(({ entries }) => entries));
  return v.pipe(
    onlyObject(v.looseObject(withTables(owned))),
    v.metadata({ title: "maand.conf", description: "The settings of a bucket." }),
  );
}

function withTables(owned: Readonly<Record<string, SettingEntry>>): Record<string, SettingEntry> {
  const tables = Object.entries(TABLES).map(([table, { description, entries }]): [string, SettingEntry] => {
    const keys = Object.entries(owned).flatMap(([key, entry]) => {
      const [first, name] = key.split(".");
      return first === table && name !== undefined ? [[name, entry]] : [];
    });
    return [table, described(onlyObject(v.looseObject({ ...entries, ...Object.fromEntries(keys) })), description)];
  });
  const single = Object.entries(owned).filter(([key]) => !key.includes("."));
  return { ...Object.fromEntries(single), ...ENTRIES, ...Object.fromEntries(tables) };
}
