import { type FoundFile, type Inventory, MaandError, type Remote, type Worker } from "@maand/core";
import { LARGEST_TEXT, noHandler, RUNTIME_NAMES } from "@maand/core/internal";
import { asMaandError, isRecord, type Run } from "@maand/core/operator";
import type { Candidate } from "./candidates.ts";

/** The result of reading a worker. */
export interface ReadWorker {
  readonly remote: Remote;
  /** `update_seq` of its `worker.json`. */
  readonly updateSeq: number;
  /** Files by job. */
  readonly jobs: ReadonlyMap<string, readonly FoundFile[]>;
  /** Jobs that are disabled according to its `jobs.json`, which means that a deploy has stopped them. */
  readonly disabled: ReadonlySet<string>;
}

/** The jobs on a worker, with the possible trees of each job. */
export type Expected = ReadonlyMap<string, readonly Candidate[]>;

/**
 * Reads the files of jobs on a worker, in one round trip. Throws the errors of its connection, and OUT_OF_SYNC for a
 * worker of another bucket.
 */
export async function readWorkerFiles(run: Run, worker: Worker, expected: Expected): Promise<ReadWorker> {
  const { bucket, reporter, connections } = run;
  const remote = await connections.connect(worker);
  const inventory = await bucket.hooks.inventory.promise(
    Object.freeze({
      ...reporter.context({ worker: worker.host }),
      worker,
      remote,
      metadata: ["worker.json", "jobs.json"],
      jobs: new Map([...expected].map(([job, trees]) => [job, wantedContents(trees)])),
      keep: RUNTIME_NAMES,
      contentLimit: LARGEST_TEXT,
      timeoutMs: bucket.settings.timeouts.commandMs,
    }),
  );
  if (!inventory) throw noHandler(bucket.absent, { hook: "inventory", transport: remote.transport, host: worker.host });
  return { remote, ...read(inventory, bucket.bucketId, worker) };
}

/** Rendered files, whose content is needed if it is not one of the expected contents. */
function wantedContents(trees: readonly Candidate[]): Map<string, string[]> {
  const wanted = new Map<string, string[]>();
  for (const { tree } of trees) {
    for (const { path, hash, content } of tree.files) {
      if (content === undefined) continue;
      wanted.set(path, [...(wanted.get(path) ?? []), hash]);
    }
  }
  return wanted;
}

function read({ metadata, jobs }: Inventory, bucketId: string, worker: Worker): Omit<ReadWorker, "remote"> {
  const own = parsed(metadata.get("worker.json"));
  const updateSeq = isRecord(own) ? own.update_seq : undefined;
  if (!isRecord(own) || typeof updateSeq !== "number") throw notOurs(worker.host, "its worker.json is missing");
  if (own.bucket_id !== bucketId) throw notOurs(worker.host, `its worker.json names bucket ${String(own.bucket_id)}`);
  if (own.worker_id !== worker.workerId)
    throw notOurs(worker.host, `its worker.json names worker ${String(own.worker_id)}, expected ${worker.workerId}`);
  const listed = parsed(metadata.get("jobs.json"));
  const disabled = Array.isArray(listed)
    ? listed.filter((entry) => isRecord(entry) && Number(entry.disabled) !== 0)
    : [];
  return { updateSeq, jobs, disabled: new Set(disabled.map(({ job }) => String(job))) };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function notOurs(host: string, why: string): MaandError {
  return new MaandError({
    code: "OUT_OF_SYNC",
    message: `${host} does not have the files of this bucket: ${why}`,
    hint: `deploy to it with the Go program first, or list it under "workers" in workspace/disabled.json`,
    worker: host,
  });
}

/** The reason why a worker is taken over later, in one sentence. */
export function whyLater(cause: unknown): string {
  return asMaandError(cause).message;
}

/** Codes of errors after which a worker is taken over later, because it is down or refuses the login. */
const LATER: ReadonlySet<string> = new Set(["UNREACHABLE", "TIMED_OUT", "DISCONNECTED", "AUTH_FAILED"]);

/** Whether a worker that failed can be taken over later. */
export function isLater(cause: unknown): boolean {
  return LATER.has(asMaandError(cause).code);
}
