/** What `maand.conf` and a `maand.config.*` settle, with every default filled in. */
export interface Settings {
  /** `worker_root`, default `/opt/worker`: where a worker keeps its buckets. */
  readonly workerRoot: string;
  /** `transport`, default `ssh`: how workers that do not say otherwise are reached. */
  readonly transport: string;
  /** `max_concurrent_jobs`, default 4: jobs of one wave that roll out side by side. */
  readonly maxConcurrentJobs: number;
  /** `max_file_size`, default 1 GB: bytes a file of a job may have. */
  readonly maxFileBytes: number;
  /** `secret_files_mode`: mode of files a secret was rendered into; absent where it was never set, and they are 0644. */
  readonly secretFilesMode?: number;
  /** `job_config_selector`: which `bucket.jobs.<selector>.conf` is read; default none. */
  readonly jobConfigSelector: string;
  /** `log_format`: `kv` (default) or `json`. */
  readonly logFormat: "kv" | "json";
  /** `logs`: how large the logs may grow; sizes in bytes here and in megabytes in the file. */
  readonly logs: {
    /** `max_mb`, default 10: size at which a log file is put aside and a new one begun. */
    readonly maxBytes: number;
    /** `keep_files`, default 4: files put aside that are kept of each. */
    readonly keepFiles: number;
    /** `keep_runs`, default 200: runs whose records are kept. */
    readonly keepRuns: number;
  };
  /** `timeouts`, in milliseconds here and in seconds in the file. */
  readonly timeouts: {
    /** `connect`, default 15 s. */
    readonly connectMs: number;
    /** `command`, default 300 s. */
    readonly commandMs: number;
  };
  /** Keys that plugins own, as they were written; a plugin reads its own with `from` of what it declared. */
  readonly plugins: Readonly<Record<string, unknown>>;
}

/** What holds where nothing is written; the same with or without a file. */
export const DEFAULT_SETTINGS: Settings = {
  workerRoot: "/opt/worker",
  transport: "ssh",
  maxConcurrentJobs: 4,
  maxFileBytes: 1024 * 1024 * 1024,
  jobConfigSelector: "",
  logFormat: "kv",
  logs: { maxBytes: 10_000_000, keepFiles: 4, keepRuns: 200 },
  timeouts: { connectMs: 15_000, commandMs: 300_000 },
  plugins: {},
};
