import { asMaandError } from "../bucket/outcome.ts";
import { error, type Problem } from "../domain/checks/problem.ts";
import { MaandError } from "../errors.ts";
import type { Remote } from "../remote/remote.ts";
import { type Run, workerOf } from "../run/run.ts";

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
 * `update_seq` that was delivered there last (seed job, decision 10). Throws OUT_OF_SYNC naming every worker that is not
 * and what differs; nothing was run then.
 */
export async function checkSync(source: Source, hosts: readonly string[]): Promise<void> {
  const found = await Promise.all(hosts.map((host) => problemsOf(source, host)));
  const problems = found.flat();
  if (problems.length === 0) return;
  const unreachable = problems.every((problem) => problem.code === "unreachable");
  throw new MaandError({
    code: unreachable ? "UNREACHABLE" : "OUT_OF_SYNC",
    message: problems.map((problem) => `${problem.where}: ${problem.message}`).join("; "),
    hint: unreachable
      ? "nothing was run; leave the worker out with --allocations, or bring it back"
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
 * Lets the next deploy mend a worker that differs, as we advise: it is told anew what it is; one that lost its files gets
 * them again, and what ran of them is started.
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

async function problemsOf(source: Source, host: string): Promise<Problem[]> {
  if (source.delivery(host)?.seq === undefined)
    return [error("out_of_sync", host, "nothing was ever deployed there", "run maand deploy first")];
  const worker = workerOf(source, host);
  try {
    const remote = await source.connections.ready(worker);
    const found = await differences(source, remote, worker.workerId);
    const lost = found.some((one) => one.lost);
    if (found.length > 0) noteDifference(source, host, lost);
    const hint = `run maand deploy first${lost ? ", which brings them again and starts what ran" : ""}`;
    return found.map(({ message }) => error("out_of_sync", host, message, hint));
  } catch (cause) {
    const failed = asMaandError(cause);
    return [error("unreachable", host, failed.message, failed.hint)];
  }
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
