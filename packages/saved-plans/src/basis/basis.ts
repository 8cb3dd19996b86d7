import type { Allocation, Job, Settings, Worker } from "@maand/core";
import {
  coreVersion,
  type JobState,
  type KvStore,
  NAMESPACE,
  type Pending,
  pendingOf,
  type RecordedState,
  type StoppingAllocation,
  treeDigest,
} from "@maand/core/internal";
import type { Run } from "@maand/core/operator";
import type { Basis } from "../file/plan-schema.ts";
import type { Fingerprints } from "./fingerprints.ts";
import type { KvUsed } from "./kv-recorder.ts";

/** The state that a plan is made from: the state of a run or of a dry run. */
export type BasisSource = Pick<
  Run,
  "bucket" | "catalog" | "workers" | "allocationsOf" | "recorded" | "updateSeq" | "delivery"
>;

/** The parts of a state that a plan covers. */
export interface Covered {
  /** The jobs it plans, whether they need anything or not. */
  readonly jobs: readonly Job[];
  readonly stopping: readonly StoppingAllocation[];
  /** The allocations that the plan changes, or postpones to a later step. */
  readonly changing: readonly Allocation[];
  /** The recorded states of the jobs. */
  readonly states: ReadonlyMap<string, JobState>;
  readonly used: KvUsed;
  readonly plugins: Readonly<Record<string, string>>;
}

/** Everything that a plan of these parts depends on, as it is in this state. */
export function basisOf(source: BasisSource, covered: Covered, print: Fingerprints): Basis {
  const { bucket, catalog } = source;
  const pending = pendingOf(bucket);
  const { jobs, used, plugins } = covered;
  const hosts = hostsOf(source, covered);
  const inDoubt = ({ host }: Worker) => {
    const delivery = source.delivery(host);
    return delivery !== undefined && delivery.metadata === undefined;
  };
  return {
    last_run: bucket.store.journal.lastNumber(),
    update_seq: source.updateSeq - 1,
    maand: coreVersion(),
    plugins: { ...plugins },
    settings: settingsOf(bucket.settings, print),
    jobs: Object.fromEntries(jobs.map((job) => [job.name, jobOf(job, pending, print)])),
    workers: workersOf(source, hosts, print),
    allocations: statesOf(source, covered, pending, print),
    rollouts: rolloutsOf(source, jobs),
    in_doubt: catalog.workers.filter(inDoubt).map(({ host }) => host),
    ...kvOf(used, print),
  };
}

/** The entries that a plan depends on, with their current values. */
export function readAgain(
  kv: Pick<KvStore, "find" | "keys">,
  { kv: values, kv_keys: keys }: Pick<Basis, "kv" | "kv_keys">,
): KvUsed {
  return {
    values: new Map(
      Object.entries(values).map(([namespace, entries]) => [
        namespace,
        new Map(Object.keys(entries).map((key) => [key, kv.find(namespace, key)])),
      ]),
    ),
    keys: new Map(Object.keys(keys).map((namespace) => [namespace, kv.keys(namespace)])),
  };
}

/** Reads the entries that a rollout reads in addition to the entries for rendering its files. */
export function readForRollout(kv: Pick<KvStore, "find">, jobs: readonly Pick<Job, "name">[]): void {
  for (const { name } of jobs) kv.find(NAMESPACE.job(name), "rollout_order");
}

function settingsOf(settings: Settings, print: Fingerprints): Record<string, string> {
  const { workerRoot, transport, maxConcurrentJobs, secretFilesMode, timeouts, plugins } = settings;
  const own = {
    worker_root: workerRoot,
    transport,
    max_concurrent_jobs: maxConcurrentJobs,
    secret_files_mode: secretFilesMode ?? null,
    timeouts,
  };
  return Object.fromEntries(
    Object.entries({ ...own, ...plugins }).map(([name, value]) => [name, print.of(JSON.stringify(value) ?? "")]),
  );
}

/** The basis of a job. It has no release number, because another build might give the same files a different number. */
function jobOf(job: Job, { after }: Pending, print: Fingerprints): Basis["jobs"][string] {
  const { version, release, files, hold, ...rest } = job;
  return {
    version,
    release: release ?? null,
    files: print.of(treeDigest(files)),
    manifest: print.of(JSON.stringify(rest)),
    held: hold?.release ?? null,
    after_pending: after.has(job.name),
  };
}

/** The basis of workers. It has no worker ids, because every build creates a new id for each new worker. */
function workersOf(
  { workers, bucket }: BasisSource,
  hosts: ReadonlySet<string>,
  print: Fingerprints,
): Basis["workers"] {
  const roots = bucket.store.deliveries.roots();
  return Object.fromEntries(
    [...hosts].map((host) => {
      const { workerId: _, ...entry } = workers.get(host) ?? { workerId: "" };
      const root = roots.get(host);
      return [host, { entry: print.of(JSON.stringify(entry)), root: root === undefined ? null : print.of(root) }];
    }),
  );
}

function hostsOf({ allocationsOf }: BasisSource, { jobs, stopping }: Covered): Set<string> {
  const hosts = new Set<string>();
  for (const { name } of jobs) for (const { host } of allocationsOf.get(name) ?? []) hosts.add(host);
  for (const { allocation } of stopping) hosts.add(allocation.host);
  return hosts;
}

/**
 * One fingerprint covers all allocations of a job, because a large bucket has tens of thousands. Each allocation that
 * changes has its own fingerprint, too.
 */
function statesOf(
  { recorded }: BasisSource,
  { jobs, states, stopping, changing }: Covered,
  { health }: Pending,
  print: Fingerprints,
): Basis["allocations"] {
  const found: Record<string, { count: number; all: string; changing: Record<string, string> }> = {};
  for (const { name } of jobs) {
    const { count = 0, text = "" } = states.get(name) ?? {};
    found[name] = { count, all: print.of(text), changing: {} };
  }
  for (const { id, job, host, disabled, removed, index } of [
    ...changing,
    ...stopping.map(({ allocation }) => allocation),
  ]) {
    const state: readonly unknown[] = [disabled, removed, index, stateText(recorded(id)), health.get(id) ?? null];
    const ofJob = found[job] ?? { count: 0, all: "", changing: {} };
    found[job] = ofJob;
    ofJob.changing[host] = print.of(JSON.stringify(state));
  }
  return found;
}

function rolloutsOf({ bucket }: BasisSource, jobs: readonly Job[]): Basis["rollouts"] {
  const names = new Set(jobs.map(({ name }) => name));
  const open = bucket.store.rollouts.all().filter(({ job }) => names.has(job));
  return Object.fromEntries(
    open.map(({ job, release, previous, step, until }) => [
      job,
      { release, previous: previous ?? null, step, until: until ?? null },
    ]),
  );
}

function stateText({ promoted, staged, unsettled }: RecordedState): readonly unknown[] {
  return [promoted ?? null, staged ?? null, unsettled ?? null];
}

function kvOf({ values, keys }: KvUsed, print: Fingerprints): Pick<Basis, "kv" | "kv_keys"> {
  const sorted = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    kv: Object.fromEntries(
      sorted(values).map(([namespace, entries]) => [
        namespace,
        Object.fromEntries(sorted(entries).map(([key, value]) => [key, value === undefined ? null : print.of(value)])),
      ]),
    ),
    kv_keys: Object.fromEntries(sorted(keys).map(([namespace, list]) => [namespace, print.of(JSON.stringify(list))])),
  };
}
