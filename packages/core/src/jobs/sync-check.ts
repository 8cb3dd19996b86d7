import { asMaandError } from "../bucket/outcome.ts";
import { error, type Problem } from "../domain/checks/problem.ts";
import { MaandError } from "../errors.ts";
import type { Remote } from "../remote/remote.ts";
import { lockBucket, type Run, recordedStateOf, workerOf } from "../run/run.ts";
import { type Lock, lockHolder } from "../store/lock/lock.ts";

/** What the sync check needs of a run, or of a command that is none. */
export type SyncSource = Pick<Run, "bucket" | "catalog" | "recorded" | "delivery">;

/** How a worker differs from what was left there; `lost`: nothing is there any more. */
export interface Difference {
  readonly lost: boolean;
  readonly message: string;
}

type Source = SyncSource & Pick<Run, "reporter" | "workers" | "connections">;

/**
 * Whether workers are as the bucket left them: each one's `worker.json` must name this bucket, this worker, and the
 * `update_seq` that was delivered there last. Throws OUT_OF_SYNC naming every worker that is not and what differs; nothing
 * was run then. Without the bucket's lock, what a command is changing right now is no difference.
 */
export async function checkSync(source: Source, hosts: readonly string[], isLocked: boolean): Promise<void> {
  const found = await Promise.all(hosts.map((host) => problemsOf(source, host, isLocked)));
  const problems = found.flat();
  if (problems.length === 0) return;
  const unreachable = problems.every((problem) => problem.code === "unreachable");
  throw new MaandError({
    code: unreachable ? "UNREACHABLE" : "OUT_OF_SYNC",
    message: problems.map((problem) => `${problem.where}: ${problem.message}`).join("; "),
    hint: unreachable
      ? "nothing was run; leave the worker out with --allocations, or repair it"
      : "nothing was run; run maand deploy first",
    problems,
  });
}

/** How a worker something was delivered to differs from that. Throws what keeps its `worker.json` from being read. */
export async function differences(source: SyncSource, remote: Remote, workerId: string): Promise<Difference[]> {
  const { code, stdout } = await remote.probe(["cat", `${remote.root}/worker.json`], { asRoot: true });
  if (code !== 0) return [await isEmpty(remote)];
  const found = parse(stdout);
  if (!found) return [different("its worker.json cannot be read")];
  const wanted = {
    bucket_id: source.bucket.bucketId,
    worker_id: workerId,
    update_seq: source.delivery(remote.host)?.seq,
  };
  return Object.entries(wanted)
    .filter(([key, value]) => found[key] !== value)
    .map(([key, value]) => different(`${key} is ${String(found[key] ?? "missing")} there and ${value} here`));
}

/** Exit code that says that nothing is there; any other one says nothing for certain. */
const EMPTY = 3;

/** What runs is started again only where nothing of it can be: no `worker.json`, and no directory with jobs. */
async function isEmpty(remote: Remote): Promise<Difference> {
  const script = `[ -e "$1" ] && ! [ -x "$1" ] && exit 1; [ -e "$1/worker.json" ] || [ -e "$1/jobs" ] || exit ${EMPTY}`;
  const { code } = await remote.probe(["sh", "-c", script, "sh", remote.root], {
    title: "the look at its files",
    asRoot: true,
  });
  return code === EMPTY
    ? { lost: true, message: "its worker.json is missing, and so are its jobs: its files are gone" }
    : different("its worker.json is missing or cannot be read");
}

/**
 * Lets the next deploy repair a worker that differs: its `worker.json` is written anew; one that lost its files gets them
 * again, and what ran of them is started.
 */
export function noteDifference({ bucket, catalog, recorded }: SyncSource, host: string, lost: boolean): void {
  const { store } = bucket;
  store.transaction(() => {
    store.deliveries.begin(host);
    if (!lost) return;
    for (const { id } of catalog.allocations.filter((allocation) => allocation.host === host)) {
      const { staged, promoted, unsettled } = recorded(id);
      if (staged !== undefined) store.promoted.unstage(id);
      if (promoted && !promoted.stopped && unsettled?.kind !== "loss")
        store.journal.lose(id, bucket.now().toISOString());
    }
  });
}

/**
 * Notes how a worker differs, unless another command is changing it right now or has changed it meanwhile: answers whether
 * that difference stands. For commands that do not hold the bucket's lock; it is held while this looks again.
 */
export function confirmDifference(source: SyncSource, host: string, lost: boolean): boolean {
  const lock = tryLock(source.bucket);
  if (!lock) return false;
  try {
    const { delivery, recorded } = recordedStateOf(source.bucket);
    if (delivery(host)?.seq !== source.delivery(host)?.seq) return false;
    noteDifference({ ...source, recorded }, host, lost);
    return true;
  } finally {
    lock.release();
  }
}

function tryLock(bucket: SyncSource["bucket"]): Lock | undefined {
  try {
    return lockBucket(bucket, "sync check");
  } catch (cause) {
    if (asMaandError(cause).code === "BUSY") return undefined;
    throw cause;
  }
}

async function problemsOf(source: Source, host: string, isLocked: boolean): Promise<Problem[]> {
  if (source.delivery(host)?.seq === undefined) return [neverDeployed(source, host)];
  const worker = workerOf(source, host);
  try {
    const remote = await source.connections.ready(worker);
    const found = await differences(source, remote, worker.workerId);
    if (found.length === 0) return [];
    const lost = found.some((one) => one.lost);
    if (isLocked) noteDifference(source, host, lost);
    else if (!confirmDifference(source, host, lost)) return [];
    const hint = `run maand deploy first${lost ? ", which syncs them again and starts what ran" : ""}`;
    return found.map(({ message }) => error("out_of_sync", host, message, hint));
  } catch (cause) {
    const failed = asMaandError(cause);
    return [error("unreachable", host, failed.message, failed.hint)];
  }
}

function neverDeployed({ bucket }: SyncSource, host: string): Problem {
  const holder = lockHolder(bucket.store.holder);
  const hint = holder
    ? `maand ${holder.command} is running (pid ${holder.pid}): wait for it`
    : "run maand deploy first";
  return error("out_of_sync", host, "nothing was deployed there yet", hint);
}

function different(message: string): Difference {
  return { lost: false, message };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
