import * as v from "valibot";
import { error, type Report } from "../checks/problem.ts";
import { described, looksLike, trimmed } from "../checks/schema-notes.ts";
import { onlyObject, readWritten, shown, warnUnknownKeys, withHint } from "../checks/validate.ts";
import { MODE_PATTERN, parseMode } from "../deploy/file-access.ts";
import { MEMORY_PATTERN, parseBytes } from "../workspace/units.ts";
import { DEFAULT_SETTINGS, type Settings } from "./settings.ts";

const seconds = v.pipe(
  v.number(),
  v.minValue(1, "must be at least 1 second"),
  v.maxValue(86_400, "must be at most a day, 86400 seconds"),
);
const days = v.pipe(
  v.number(),
  v.integer("must be a whole number of days"),
  v.minValue(0, "must not be negative"),
  v.maxValue(36_500, "must be at most 36500 days"),
);
const MEGABYTE = 1_000_000;

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
    v.maxValue(100_000, "must be at most 100000"),
  );
}

const SELECTOR = /^[A-Za-z0-9_-]*$/;
const SELECTOR_RULE = "must be letters, digits, - and _";
const MODE_HINT = 'write it as "0600", in quotes, with reading for the owner';
const SIZE_HINT = 'write it as "200 mb" or "2 gb"';
const D = DEFAULT_SETTINGS;

const ENTRIES = {
  ssh_user: described(
    v.pipe(v.string(), v.regex(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]*\$?$/, "is not a user name")),
    `User on the workers; default "${D.sshUser}".`,
    { default: D.sshUser },
  ),
  ssh_key: described(
    v.pipe(v.string(), v.minLength(1, "must not be empty")),
    `Key file, under secrets/ or absolute; default "${D.sshKey}".`,
    { default: D.sshKey },
  ),
  ssh_port: described(
    v.pipe(v.number(), v.integer("a port is a whole number"), v.maxValue(65535, "a port is at most 65535")),
    "Port of sshd on the workers; 0 or less means 22, the default.",
    { default: D.sshPort },
  ),
  use_sudo: described(v.boolean(), "Run commands on workers through sudo; default true.", { default: D.useSudo }),
  worker_root: described(
    v.pipe(v.string(), v.regex(/^\/(?!.*\/\.\.?(?:\/|$)).*[^/]$/, "must be an absolute path")),
    `Where workers keep their buckets; default "${D.workerRoot}".`,
    { default: D.workerRoot },
  ),
  transport: described(
    v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_-]*$/, "must be one lower-case word")),
    `How workers are reached: ssh, local, or a plugin's word; default "${D.transport}".`,
    { default: D.transport, examples: ["ssh", "local"] },
  ),
  max_concurrent_jobs: described(
    v.pipe(v.number(), v.integer("must be a whole number"), v.minValue(1, "must be at least 1")),
    `Jobs of one wave that roll out side by side; default ${D.maxConcurrentJobs}.`,
    { default: D.maxConcurrentJobs },
  ),
  certs_ttl: described(days, `Days a certificate is valid; 0 means the default, ${D.certsTtlDays}.`, {
    default: D.certsTtlDays,
  }),
  certs_renewal_buffer: described(days, "Days before its end at which a certificate is renewed; default 0.", {
    default: D.certsRenewalBufferDays,
  }),
  certs_key: described(
    v.picklist(["rsa-2048", "rsa-4096", "ecdsa-p256"]),
    `Kind of new certificate keys; default "${D.certsKey}".`,
    { default: D.certsKey },
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
    'Size a file of a job may have, in mb, gb or tb; default "1 gb".',
    { default: "1 gb", examples: ["200 mb"] },
  ),
  secret_files_mode: described(
    v.pipe(
      v.string(),
      v.regex(MODE_PATTERN, ({ input }) => withHint(`${shown(input)} is not a mode`, MODE_HINT)),
    ),
    'Mode of files a secret was rendered into, unless the manifest says one; default "0644", "0600" in a new bucket.',
    { default: "0644", examples: ["0600", "0640"] },
  ),
  job_config_selector: described(
    v.pipe(v.string(), v.trim(), v.regex(SELECTOR, SELECTOR_RULE), looksLike(trimmed(SELECTOR), SELECTOR_RULE)),
    "Which workspace/bucket.jobs.<selector>.conf is read; default none.",
    { default: D.jobConfigSelector },
  ),
  log_format: described(v.picklist(["kv", "json", "jsonl"]), "Format of the log files; default kv.", {
    default: D.logFormat,
  }),
  logs: described(
    onlyObject(
      v.looseObject({
        max_mb: described(megabytes, "Megabytes at which a log file is put aside and a new one begun; default 10.", {
          default: D.logs.maxBytes / MEGABYTE,
        }),
        keep_files: described(count(0), "Files put aside that are kept of each log file; default 4.", {
          default: D.logs.keepFiles,
        }),
        keep_runs: described(count(10), "Runs whose own records are kept; default 200.", { default: D.logs.keepRuns }),
      }),
    ),
    "How large the logs may grow.",
  ),
  timeouts: described(
    onlyObject(
      v.looseObject({
        connect: described(seconds, "Seconds to reach a worker; default 15.", { default: D.timeouts.connectMs / 1000 }),
        command: described(seconds, "Seconds a command on a worker may take; default 300.", {
          default: D.timeouts.commandMs / 1000,
        }),
        hook: described(seconds, "Seconds a job command may take; default 600.", { default: D.timeouts.hookMs / 1000 }),
      }),
    ),
    "Time limits in seconds.",
  ),
};

/** `maand.conf`, and `settings` of a `maand.config.*`: each key, once, with what it means. */
export const SettingsSchema = v.pipe(
  onlyObject(v.looseObject(ENTRIES)),
  v.metadata({ title: "maand.conf", description: "How maand works on this bucket." }),
);

/** The keys of `maand.conf` as they are written. */
export type SettingsWritten = {
  readonly [Key in keyof typeof ENTRIES]?: v.InferInput<(typeof ENTRIES)[Key]["wrapped"]>;
};

const TIMEOUT_KEYS = ["connect", "command", "hook"];
const LOG_KEYS = ["max_mb", "keep_files", "keep_runs"];

/** Fills the defaults into what somebody wrote; undefined after a problem that refuses. */
export function resolveSettings(written: unknown, file: string, report: Report): Settings | undefined {
  const known = readWritten(SettingsSchema, written, { file, code: "invalid_conf" }, report);
  if (!known) return undefined;
  warnUnknownKeys(known, Object.keys(SettingsSchema.entries), file, "", report);
  warnUnknownKeys(known.timeouts ?? {}, TIMEOUT_KEYS, file, "timeouts", report);
  warnUnknownKeys(known.logs ?? {}, LOG_KEYS, file, "logs", report);
  const ttl = known.certs_ttl || D.certsTtlDays;
  const buffer = known.certs_renewal_buffer ?? D.certsRenewalBufferDays;
  if (buffer >= ttl)
    report(
      error(
        "invalid_conf",
        `${file}: certs_renewal_buffer`,
        `${buffer} days is not less than certs_ttl, ${ttl} days`,
        "certificates would be renewed at every build; make it smaller",
      ),
    );
  return {
    sshUser: known.ssh_user ?? D.sshUser,
    sshKey: known.ssh_key ?? D.sshKey,
    sshPort: known.ssh_port !== undefined && known.ssh_port > 0 ? known.ssh_port : D.sshPort,
    useSudo: known.use_sudo ?? D.useSudo,
    workerRoot: known.worker_root ?? D.workerRoot,
    transport: known.transport ?? D.transport,
    maxConcurrentJobs: known.max_concurrent_jobs ?? D.maxConcurrentJobs,
    certsTtlDays: ttl,
    certsRenewalBufferDays: buffer,
    certsKey: known.certs_key ?? D.certsKey,
    maxFileBytes: parseBytes(known.max_file_size ?? "") || D.maxFileBytes,
    ...(known.secret_files_mode === undefined ? {} : { secretFilesMode: parseMode(known.secret_files_mode) }),
    jobConfigSelector: known.job_config_selector ?? D.jobConfigSelector,
    logFormat: known.log_format === undefined || known.log_format === "kv" ? "kv" : "json",
    logs: {
      maxBytes: (known.logs?.max_mb ?? D.logs.maxBytes / MEGABYTE) * MEGABYTE,
      keepFiles: known.logs?.keep_files ?? D.logs.keepFiles,
      keepRuns: known.logs?.keep_runs ?? D.logs.keepRuns,
    },
    timeouts: {
      connectMs: milliseconds(known.timeouts?.connect, D.timeouts.connectMs),
      commandMs: milliseconds(known.timeouts?.command, D.timeouts.commandMs),
      hookMs: milliseconds(known.timeouts?.hook, D.timeouts.hookMs),
    },
  };
}

function milliseconds(seconds: number | undefined, otherwise: number): number {
  return seconds === undefined ? otherwise : seconds * 1000;
}
