/** The settings of `maand.conf` and `maand.config.*`, with all defaults filled in. */
export interface Settings {
  /** `worker_root`, default `/opt/worker`: the parent of all bucket directories on a worker. */
  readonly workerRoot: string;
  /** `transport`, default `ssh`: the transport of workers that do not set their own. */
  readonly transport: string;
  /** `max_concurrent_jobs`, default 4: number of jobs of one wave that roll out in parallel. */
  readonly maxConcurrentJobs: number;
  /** `max_file_size`, default 1 GB: maximum size of a job file in bytes. */
  readonly maxFileBytes: number;
  /** `keep_releases`, default 10: releases of each job that are kept, in addition to those in use. */
  readonly keepReleases: number;
  /**
   * `secret_files_mode`: mode of files with rendered secrets; absent if not set, which means 0644, or 0755 for
   * executable files.
   */
  readonly secretFilesMode?: number;
  /** `secrets_max_age`, in milliseconds here and in hours in the file; 0, the default, means any age. */
  readonly secretsMaxAgeMs: number;
  /** `job_config_selector`: selects the `bucket.jobs.<selector>.conf` to read; default none. */
  readonly jobConfigSelector: string;
  /** `workers_command`: the command that prints `workers.json` for each build; absent if users write the file. */
  readonly workersCommand?: readonly string[];
  /** `kv_key_command`: the command that prints the key of the secrets; absent if the key is in a file. */
  readonly kvKeyCommand?: readonly string[];
  /** `log_format`: `kv` (default) or `json`. */
  readonly logFormat: "kv" | "json";
  /** `logs`: size limits of the logs; sizes are in bytes here and in megabytes in the file. */
  readonly logs: {
    /** `max_mb`, default 10: size at which a log file is rotated. */
    readonly maxBytes: number;
    /** `keep_files`, default 4: number of rotated files to keep of each log. */
    readonly keepFiles: number;
    /** `keep_runs`, default 200: number of runs whose records are kept. */
    readonly keepRuns: number;
  };
  /** `timeouts`, in milliseconds here and in seconds in the file. */
  readonly timeouts: {
    /** `connect`, default 15 s. */
    readonly connectMs: number;
    /** `command`, default 300 s. */
    readonly commandMs: number;
    /** `tap`, default 900 s: how long a plugin may show no activity in a hook; shorter for hooks that only compute. */
    readonly tapMs: number;
  };
  /** Keys of plugins, as written; a plugin reads its own with `from` of its declaration. */
  readonly plugins: Readonly<Record<string, unknown>>;
}

/** The default of each setting. */
export const DEFAULT_SETTINGS: Settings = {
  workerRoot: "/opt/worker",
  transport: "ssh",
  maxConcurrentJobs: 4,
  maxFileBytes: 1024 * 1024 * 1024,
  keepReleases: 10,
  secretsMaxAgeMs: 0,
  jobConfigSelector: "",
  logFormat: "kv",
  logs: { maxBytes: 10_000_000, keepFiles: 4, keepRuns: 200 },
  timeouts: { connectMs: 15_000, commandMs: 300_000, tapMs: 900_000 },
  plugins: {},
};
