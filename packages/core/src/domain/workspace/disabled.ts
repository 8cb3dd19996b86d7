import * as v from "valibot";
import { error, type Report } from "../checks/problem.ts";
import { described } from "../checks/schema-notes.ts";
import { isRecord, onlyObject, quoted, readWritten, salvage, shown, withHint } from "../checks/validate.ts";
import { isSameHost } from "./host-address.ts";
import { didYouMean } from "./names.ts";

const ENTRY_HINT = 'write {} to stop the job everywhere, or { "allocations": ["10.0.0.1"] }';

/** A separate hint, because following the usual hint for null, to omit the key, would stop the job everywhere. */
const LIST_HINT = 'write ["10.0.0.1"], or [] to stop it on no worker; without the key it is stopped everywhere';

/** The path of `disabled.json`, as named in problems. */
export const DISABLED_FILE = "workspace/disabled.json";

/** The schema of `disabled.json`. Inner keys are strict, because a typo there would stop services. */
export const DisabledSchema = v.pipe(
  onlyObject(
    v.looseObject({
      $schema: v.optional(v.pipe(v.unknown(), v.description("The URL of this schema, for editors; maand ignores it."))),
      jobs: described(
        onlyObject(v.record(v.string(), onlyObject(entry(), ENTRY_HINT)), 'write { "api": {} } to stop job api'),
        "Jobs to stop: {} everywhere, or the hosts under allocations.",
        { examples: [{ api: {} }] },
      ),
      workers: described(v.array(v.pipe(v.string(), v.trim())), "Workers on which everything is stopped.", {
        examples: [["10.0.0.1"]],
      }),
    }),
    'write { "jobs": { "api": {} }, "workers": ["10.0.0.1"] }, or {} to stop nothing',
  ),
  v.metadata({
    title: "disabled.json",
    description: "Disabled workers, jobs and allocations; delete the file, or write {}, to disable none.",
  }),
);

function entry() {
  return v.strictObject(
    {
      allocations: described(
        v.array(v.pipe(v.string(), v.trim()), ({ input }) =>
          withHint(`must be a list, but is ${shown(input)}`, LIST_HINT),
        ),
        "Hosts on which the job is stopped; without this key it is stopped everywhere, with [] on no worker.",
        { examples: [["10.0.0.1"]] },
      ),
    },
    ({ received }) => withHint(`unknown key ${received}`, `the only valid key is "allocations"; ${ENTRY_HINT}`),
  );
}

/** The workers, jobs and single allocations that are disabled. */
export interface Disabled {
  readonly workers: ReadonlySet<string>;
  /** The disabled hosts of each job, or `all`. */
  readonly jobs: ReadonlyMap<string, ReadonlySet<string> | "all">;
}

/** Nothing is disabled. */
export const NOTHING_DISABLED: Disabled = { workers: new Set(), jobs: new Map() };

/**
 * Resolves `disabled.json`. For a job, an empty list disables nothing, and `{}` disables all allocations. Names and
 * keys that match nothing are errors, because a typo would leave jobs running on a machine that an operator is about to
 * reboot.
 */
export function resolveDisabled(
  value: unknown,
  known: { readonly jobs: readonly string[]; readonly hosts: readonly string[] },
  report: Report,
): Disabled | undefined {
  const whole = readWritten(DisabledSchema, value ?? {}, { file: DISABLED_FILE, code: "invalid_disabled" }, report);
  if (isRecord(value)) refuseUnknownKeys(value, report);
  const disabled = resolve(whole ?? salvage(DisabledSchema, value) ?? {}, known, report);
  return whole && disabled;
}

function resolve(
  written: v.InferOutput<typeof DisabledSchema>,
  known: { readonly jobs: readonly string[]; readonly hosts: readonly string[] },
  report: Report,
): Disabled {
  const jobs = new Map<string, ReadonlySet<string> | "all">();
  const hostOf = (name: string) => known.hosts.find((host) => isSameHost(host, name)) ?? name;
  for (const [job, entry] of Object.entries(written.jobs ?? {})) {
    refuseUnknownName("job", job, known.jobs, "jobs", report);
    const hosts = entry.allocations?.map(hostOf);
    for (const host of hosts ?? []) refuseUnknownName("worker", host, known.hosts, `jobs.${job}.allocations`, report);
    jobs.set(job, hosts === undefined ? "all" : new Set(hosts));
  }
  const workers = (written.workers ?? []).map(hostOf);
  for (const host of workers) refuseUnknownName("worker", host, known.hosts, "workers", report);
  return { workers: new Set(workers), jobs };
}

/** Whether an allocation is disabled. */
export function isDisabled(disabled: Disabled, job: string, host: string): boolean {
  return disabled.workers.has(host) || isNamed(disabled, job, host);
}

/** Whether an allocation is disabled through its job, not only through its worker. */
export function isNamed({ jobs }: Disabled, job: string, host: string): boolean {
  const hosts = jobs.get(job);
  return hosts === "all" || (hosts?.has(host) ?? false);
}

function refuseUnknownKeys(value: object, report: Report): void {
  const known = Object.keys(DisabledSchema.entries);
  for (const key of Object.keys(value).filter((name) => !known.includes(name)))
    report(
      error(
        "invalid_disabled",
        `${DISABLED_FILE}: ${key}`,
        `unknown key ${quoted(key)} disables nothing`,
        didYouMean(key, known) ?? "valid keys: jobs, workers",
      ),
    );
}

function refuseUnknownName(
  kind: "job" | "worker",
  name: string,
  known: readonly string[],
  key: string,
  report: Report,
): void {
  if (known.includes(name)) return;
  const place = kind === "job" ? "workspace/jobs" : "workspace/workers.json";
  report(
    error(
      "unknown_name",
      `${DISABLED_FILE}: ${key}`,
      `there is no ${kind} ${quoted(name)}, so it disables nothing`,
      didYouMean(name, known) ?? `correct the name, or delete the entry if the ${kind} is no longer in ${place}`,
    ),
  );
}
