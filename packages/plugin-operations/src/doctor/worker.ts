import type { Finding, Remote, Worker } from "@maand/core";
import { shellLine } from "@maand/core/internal";
import {
  asMaandError,
  type Connections,
  confirmDifference,
  differences,
  driftText,
  ExpectedFiles,
  FOREIGN_HINT,
  fault,
  faultOf,
  inspectWorker,
  type Run,
  type RunReporter,
  type SyncSource,
  sound,
  unlessInterrupted,
} from "@maand/core/operator";

/** Seconds that a worker's clock may differ; beyond that, certificate dates and log times become unreliable. */
const CLOCK_SECONDS = 10;

/** The minimum free space on the disk with a worker's buckets: a percentage, and kilobytes. */
const MIN_PERCENT = 5;
const MIN_KB = 50_000;

/** The parts of a run that the check of a worker needs. */
export interface WorkerSource extends SyncSource, Pick<Run, "jobs" | "allocationsOf" | "allocationsOn"> {
  readonly reporter: RunReporter;
  readonly connections: Connections;
}

/** Checks one worker: its host key, connection, required programs, clock and disk. */
export async function examineWorker(source: WorkerSource, worker: Worker): Promise<Finding[]> {
  const key = await hostKey(source.reporter, worker);
  // do not log in to a worker with a different key: the key is the only problem to report
  if (key.some(({ ok }) => !ok)) return key;
  return [...key, ...(await examineRemote(source, worker))];
}

/** A worker that presents no host key is reported by the connection check. */
async function hostKey({ bucket, context }: RunReporter, worker: Worker): Promise<Finding[]> {
  const { host } = worker;
  const sent = bucket.hooks.identify.promise(Object.freeze({ ...context({ worker: host }), worker }));
  const key = await unlessInterrupted(sent, bucket.signal).catch(() => undefined);
  if (!key) return [];
  const shown = `${key.type} ${key.fingerprint}`;
  if (key.state !== "changed")
    return [sound("host_key", host, key.state === "pinned" ? "matches the pinned key" : `will be pinned: ${shown}`)];
  const trust = shellLine(["maand", "-C", bucket.paths.root, "worker", "trust", "--workers", host, "--yes"]);
  const message = `does not match: pinned ${key.pinned.join(", ")}, presented ${shown}`;
  return [
    fault(
      "host_key",
      host,
      message,
      `${trust}  # only if the machine was reinstalled; otherwise the connection may be intercepted`,
    ),
  ];
}

async function examineRemote(source: WorkerSource, worker: Worker): Promise<Finding[]> {
  const { connections, bucket } = source;
  const { host } = worker;
  const { now } = bucket;
  try {
    const remote = await connections.connect(worker);
    const tools = connections.ready(worker).then(
      () => sound("worker_tools", host, "all required programs are installed"),
      (cause: unknown) => wrong("worker_tools", host, cause),
    );
    const reached = sound("reach", host, `reachable over ${remote.transport}`);
    return [
      reached,
      ...(await Promise.all([
        tools,
        attempt("clock", host, () => clock(remote, now)),
        attempt("worker_disk", host, () => disk(remote)),
        ...(source.delivery(host)?.seq === undefined
          ? []
          : [
              attempt("sync", host, () => sync(source, worker, remote)),
              attempt("drift", host, () => drift(source, worker)),
            ]),
      ])),
    ];
  } catch (cause) {
    return [wrong("reach", host, cause)];
  }
}

/** Converts an error to a fault of the worker. An interruption is not a fault; it is rethrown. */
function wrong(check: string, host: string, cause: unknown): Finding {
  const { code, message, hint } = asMaandError(cause);
  if (code === "INTERRUPTED") throw cause;
  return hint !== undefined && /^(chmod|ssh-keygen) /.test(hint)
    ? fault(check, host, message, hint)
    : faultOf(check, host, message, hint);
}

async function attempt(check: string, host: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (cause) {
    return wrong(check, host, cause);
  }
}

/** Whether a worker matches the last deploy. A difference is recorded, so that a deploy repairs it. */
async function sync(source: WorkerSource, worker: Worker, remote: Remote): Promise<Finding> {
  const { host } = worker;
  const found = await differences(source, remote, worker.workerId);
  if (found.length === 0) return sound("sync", host, "matches the last deploy");
  const foreign = found.find((one) => one.isForeign);
  const typed = (...words: string[]) => shellLine(["maand", "-C", source.bucket.paths.root, ...words]);
  if (foreign?.isOlderStore)
    return fault(
      "sync",
      host,
      foreign.message,
      `${typed("adopt")}  # if the store was restored from a backup; then run doctor again`,
    );
  if (foreign) return faultOf("sync", host, foreign.message, FOREIGN_HINT);
  const lost = found.some((one) => one.lost);
  if (!confirmDifference(source, host, lost)) return sound("sync", host, "another command is changing it");
  const what = lost ? "syncs its files again and starts its jobs" : "writes its worker.json again";
  return fault("sync", host, found.map(({ message }) => message).join("; "), `${typed("deploy")}  # ${what}`);
}

/**
 * Compares the files on a worker with the promoted files, like `maand drift`. `sync` reports a worker that lost its
 * files.
 */
async function drift(source: WorkerSource, worker: Worker): Promise<Finding> {
  const { host } = worker;
  const { expected } = new ExpectedFiles(source).on(host, []);
  const { isLost, metadata, allocations } = await inspectWorker(source, worker, { expected, contents: false });
  const own = metadata.filter(({ path }) => path !== "worker.json");
  const differing = [
    ...(own.length > 0 ? [driftText(own)] : []),
    ...allocations
      .filter((one) => one.drift.length > 0)
      .map((one) => `${one.allocation.job}: ${one.isGone ? "its directory is missing" : driftText(one.drift)}`),
  ];
  if (isLost || differing.length === 0) return sound("drift", host, "its files are as promoted");
  const repair = shellLine(["maand", "-C", source.bucket.paths.root, "deploy", "--verify"]);
  return fault(
    "drift",
    host,
    differing.join("; "),
    `${repair}  # repairs it; to see the changes, run maand drift --diff`,
  );
}

/** Compares the clocks. Subtracts half of the round trip, as precisely as one measurement allows. */
async function clock(remote: Remote, now: () => Date): Promise<Finding> {
  const sent = now().getTime();
  const { stdout } = await remote.exec(["date", "+%s"]);
  const answered = now().getTime();
  const off = Number(stdout.trim()) - (sent + answered) / 2000;
  const message = `its clock is ${Math.abs(off).toFixed(0)} s ${off < 0 ? "behind" : "ahead"}`;
  if (Math.abs(off) < CLOCK_SECONDS + (answered - sent) / 1000)
    return sound("clock", remote.host, "matches the clock of this machine");
  return faultOf(
    "clock",
    remote.host,
    message,
    "on it: sudo timedatectl set-ntp true (unless this machine's clock is wrong)",
  );
}

/** The bucket's directory may not exist yet, so this checks the nearest existing parent. */
async function disk(remote: Remote): Promise<Finding> {
  const script = 'at=$1; until test -e "$at"; do at=$(dirname "$at"); done; df -Pk "$at" | tail -n 1';
  const { stdout } = await remote.exec(["sh", "-c", script, "sh", remote.root], {
    title: "the check of its disk",
    asRoot: true,
  });
  const [, total = 0, , free = 0] = stdout.trim().split(/\s+/).map(Number);
  const percent = total > 0 ? (100 * free) / total : 0;
  const message = `${Math.round(free / 1000)} MB of ${Math.round(total / 1000)} MB are free in ${remote.root}`;
  if (percent >= MIN_PERCENT && free >= Math.min(MIN_KB, total / 4)) return sound("worker_disk", remote.host, message);
  return faultOf(
    "worker_disk",
    remote.host,
    `only ${message}`,
    `on it: sudo du -xsh ${remote.root}/jobs/* shows the largest directories`,
  );
}
