import { type Bucket, type RunReporter, runReporter } from "../bucket/bucket.ts";
import { stopBeginning } from "../bucket/interruption.ts";
import type { DeployCause } from "../domain/deploy/deploy-reason.ts";
import type { RecordedState } from "../domain/deploy/plan.ts";
import type { Fence, FenceRecord } from "../domain/fence/fence-record.ts";
import { groupBy } from "../domain/group-by.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import { MaandError } from "../errors.ts";
import { type OwnedKeys, withOutputs } from "../plugin-api/define/claim.ts";
import type { Delivery } from "../store/bucket-rows.ts";
import type { StoredCatalog } from "../store/catalog-rows.ts";
import { type Lock, takeLock } from "../store/lock/bucket-lock.ts";
import { type Holder, withMachine } from "../store/lock/holder.ts";
import { takeLease } from "../store/team/lease.ts";
import { userName } from "../workspace/authorship.ts";
import { BudgetState } from "./budget/budget-state.ts";
import { Connections } from "./connections.ts";
import { beginFence } from "./fence/begin-fence.ts";
import { Ledger } from "./ledger.ts";
import { PendingReceipts } from "./pending-receipts.ts";
import { temporary } from "./temporary.ts";

/** A run: its catalog, connections and results. It holds the bucket's lock and may touch workers. */
export interface Run {
  readonly reporter: RunReporter;
  readonly bucket: Bucket;
  /** Counted from 1 over all runs of the bucket. */
  readonly number: number;
  readonly catalog: StoredCatalog;
  /** Workers of the catalog and removed ones, by host. */
  readonly workers: ReadonlyMap<string, Worker>;
  /** Jobs of the catalog and removed ones, by name. */
  readonly jobs: ReadonlyMap<string, Job>;
  /** Non-removed allocations by job, in worker order. */
  readonly allocationsOf: ReadonlyMap<string, readonly Allocation[]>;
  /** Non-removed allocations by host. */
  readonly allocationsOn: ReadonlyMap<string, readonly Allocation[]>;
  /** The recorded state of an allocation, as it was at the first access after the last `refresh`. */
  recorded(allocation: string): RecordedState;
  /** The `update_seq` of all syncs of this run. */
  readonly updateSeq: number;
  refresh(): void;
  /** Why the run changes allocations; absent for a deploy of the last build. */
  readonly cause?: DeployCause | undefined;
  /** Replaces the catalog of the run. */
  adopt(catalog: StoredCatalog, cause?: DeployCause): void;
  delivery(host: string): Delivery | undefined;
  readonly connections: Connections;
  readonly ledger: Ledger;
  readonly settlements: PendingReceipts;
  /** What the run has observed and taken down, for decisions about the availability budget. */
  readonly budget: BudgetState;
  /** The fence of the command: workers refuse the command after a newer one has changed them. */
  readonly fence: Fence;
  /** The record that the command leaves on workers. */
  readonly origin: FenceRecord;
  /** Private directory for staged trees; deleted when the run ends. */
  readonly tmp: string;
  /** ISO time for the journal. */
  at(): string;
  end(): Promise<void>;
}

/**
 * Takes the lock and opens a run. Throws BUSY, and OTHER_COPY for a copy of a bucket that was not adopted, before
 * anything is touched.
 */
export function beginRun(bucket: Bucket, command: string, { adopts = false }: { readonly adopts?: boolean } = {}): Run {
  const lock = lockBucket(bucket, command);
  try {
    return openRun(bucket, command, lock, adopts);
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

/**
 * Takes the bucket's lock for a command. A tap that still runs after its timeout might change workers, so the lock is
 * released only when no such tap is left, or when the process exits.
 */
export function lockBucket(bucket: Bucket, command: string): Lock {
  const lock = acquire(bucket, { pid: bucket.pid, command, since: bucket.now().toISOString() });
  return { release: () => bucket.watch.whenGone(() => lock.release()) };
}

/** The lease of a store that is shared with other machines; otherwise the lock of this machine. */
function acquire({ store, paths, signal }: Bucket, holder: Holder): Lock {
  const copy = store.workingCopy;
  if (!copy) return takeLock(paths.lock, holder, store.holder);
  const lease = takeLease(copy, withMachine(holder, userName()), (error) => stopBeginning(signal, error));
  const release = () => {
    store.flushIfPossible();
    lease.release();
  };
  return { release };
}

/** Outcomes after which the next deploy has nothing to continue. */
const ENDED: ReadonlySet<string | null> = new Set(["ok", "reverted", "paused"]);

function openRun(bucket: Bucket, command: string, lock: Lock, adopts: boolean): Run {
  const reporter = runReporter(bucket, command);
  const { store } = bucket;
  const at = () => bucket.now().toISOString();
  const last = store.journal.lastRun(command);
  const { number, fence, guard, record } = store.transaction(() => {
    const run = store.journal.beginRun(reporter.id, command, at());
    return { number: run, ...beginFence(bucket, command, { id: reporter.id, run, adopts }) };
  });
  const { tmp, remove } = temporary(bucket.paths.tmp, reporter.id);
  const state = recordedStateOf(bucket);
  const inMaintenance = store.maintenance.hosts();
  let known = knownOf(store.catalog.read(), bucket, inMaintenance);
  let why: DeployCause | undefined;
  const settlements = new PendingReceipts();
  const connections = new Connections(reporter, { known: (host) => state.delivery(host)?.tools, guard });
  reporter.start(last && !ENDED.has(last.outcome) ? String(last.number) : null);
  return {
    reporter,
    bucket,
    number,
    get catalog() {
      return known.catalog;
    },
    get workers() {
      return known.workers;
    },
    get jobs() {
      return known.jobs;
    },
    get allocationsOf() {
      return known.allocationsOf;
    },
    get allocationsOn() {
      return known.allocationsOn;
    },
    get cause() {
      return why;
    },
    adopt(catalog, cause) {
      known = knownOf(catalog, bucket, inMaintenance);
      why = cause ?? why;
    },
    ...state,
    fence,
    origin: record,
    connections,
    ledger: new Ledger(),
    settlements,
    budget: new BudgetState(),
    tmp,
    at,
    async end() {
      await settlements.end();
      await connections.close();
      remove();
      lock.release();
    },
  };
}

/**
 * A catalog with the lookups that runs need. Its manifests contain the parsed values of claimed keys, and the
 * allocations on the workers `inMaintenance` are out of service. `inMaintenance` defaults to the workers that are in
 * maintenance according to the store.
 */
export function knownOf(
  stored: StoredCatalog,
  { plugins, store }: { readonly plugins: readonly OwnedKeys[]; readonly store: Bucket["store"] },
  inMaintenance: ReadonlySet<string> = store.maintenance.hosts(),
): Pick<Run, "catalog" | "workers" | "jobs" | "allocationsOf" | "allocationsOn"> {
  const catalog = outOfService(withClaims(stored, plugins), inMaintenance);
  const there = catalog.allocations.filter(({ removed }) => !removed);
  return {
    catalog,
    workers: new Map([...catalog.removedWorkers, ...catalog.workers].map((worker) => [worker.host, worker])),
    jobs: new Map([...catalog.removedJobs, ...catalog.jobs].map((job) => [job.name, job])),
    allocationsOf: groupBy(there, ({ job }) => job),
    allocationsOn: groupBy(there, ({ host }) => host),
  };
}

/** While a worker is in maintenance, its allocations are not active, as if they were disabled. */
function outOfService(catalog: StoredCatalog, hosts: ReadonlySet<string>): StoredCatalog {
  if (hosts.size === 0) return catalog;
  const allocations = catalog.allocations.map(
    (allocation): Allocation =>
      hosts.has(allocation.host) ? { ...allocation, disabled: true, inMaintenance: true } : allocation,
  );
  return { ...catalog, allocations };
}

function withClaims(stored: StoredCatalog, plugins: readonly OwnedKeys[]): StoredCatalog {
  const read = claimReader(plugins);
  return { ...stored, jobs: stored.jobs.map(read), removedJobs: stored.removedJobs.map(read) };
}

/** A job whose manifest contains the parsed values of claimed keys. */
export function claimReader(plugins: readonly OwnedKeys[]): (job: Job) => Job {
  const claims = new Map(plugins.flatMap((plugin) => Object.entries(plugin.claims ?? {})));
  return (job) => {
    const manifest = withOutputs(job.manifest, claims);
    return manifest === job.manifest ? job : { ...job, manifest };
  };
}

const NOTHING: RecordedState = {};

/**
 * The recorded state of all allocations and syncs. It is read on first access, because some commands need no recorded
 * state.
 */
export function recordedStateOf(
  bucket: Pick<Bucket, "store">,
): Pick<Run, "recorded" | "updateSeq" | "refresh" | "delivery"> {
  let recorded: Map<string, RecordedState> | undefined;
  let deliveries: Map<string, Delivery> | undefined;
  return {
    recorded(allocation) {
      recorded ??= bucket.store.promoted.recorded();
      return recorded.get(allocation) ?? NOTHING;
    },
    updateSeq: (bucket.store.bucket.read()?.updateSeq ?? 0) + 1,
    refresh() {
      // Discards the recorded state, so that it is read again only on the next access, because a large bucket has tens
      // of thousands of rows.
      recorded = undefined;
      deliveries = undefined;
    },
    delivery(host) {
      deliveries ??= bucket.store.deliveries.all();
      return deliveries.get(host);
    },
  };
}

/** The worker of an allocation. The store keeps a worker as long as the worker has allocations. */
export function workerOf(run: Pick<Run, "workers">, host: string): Worker {
  const worker = run.workers.get(host);
  if (worker) return worker;
  throw new MaandError({
    code: "STORE_BROKEN",
    message: `worker ${host} is not in the store`,
    hint: "run maand build",
  });
}
