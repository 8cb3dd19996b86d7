/** What `maand.conf` and a `maand.config.*` settle, with every default filled in (build.md 4.1, decisions 3, 13, 25, 29-31). */
export interface Settings {
  /** `ssh_user`, default `agent`. */
  readonly sshUser: string;
  /** `ssh_key`, a file under `secrets/` or absolute; default `worker.key`. */
  readonly sshKey: string;
  /** `ssh_port`, default 22. */
  readonly sshPort: number;
  /** `use_sudo`, default true: commands on workers run through sudo. */
  readonly useSudo: boolean;
  /** `worker_root`, default `/opt/worker`: where a worker keeps its buckets. */
  readonly workerRoot: string;
  /** `transport`, default `ssh`: how workers that do not say otherwise are reached. */
  readonly transport: string;
  /** `max_concurrent_jobs`, default 4: jobs of one wave that roll out side by side. */
  readonly maxConcurrentJobs: number;
  /** `certs_ttl`, days a leaf certificate is valid; default 60. */
  readonly certsTtlDays: number;
  /** `certs_renewal_buffer`, days before its end at which it is renewed; default 0. */
  readonly certsRenewalBufferDays: number;
  /** `certs_key`, default `rsa-2048`. */
  readonly certsKey: "rsa-2048" | "rsa-4096" | "ecdsa-p256";
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
    /** `hook`, default 600 s. */
    readonly hookMs: number;
  };
}

/** What holds where nothing is written; the same with or without a file (B31). */
export const DEFAULT_SETTINGS: Settings = {
  sshUser: "agent",
  sshKey: "worker.key",
  sshPort: 22,
  useSudo: true,
  workerRoot: "/opt/worker",
  transport: "ssh",
  maxConcurrentJobs: 4,
  certsTtlDays: 60,
  certsRenewalBufferDays: 0,
  certsKey: "rsa-2048",
  maxFileBytes: 1024 * 1024 * 1024,
  jobConfigSelector: "",
  logFormat: "kv",
  logs: { maxBytes: 10_000_000, keepFiles: 4, keepRuns: 200 },
  timeouts: { connectMs: 15_000, commandMs: 300_000, hookMs: 600_000 },
};
