import { contentHash } from "../../domain/deploy/digest.ts";
import type { Worker } from "../../domain/workspace/worker.ts";
import type { Run } from "../../run/run.ts";

/** The metadata of a worker: files directly in its bucket directory, name to text. */
export interface Metadata {
  readonly files: ReadonlyMap<string, string>;
  /** Digest of everything except the sequence number. It shows whether the worker needs new metadata. */
  readonly digest: string;
}

/** Returns `worker.json`, `jobs.json` and `bin/` of a worker for an `update_seq`. */
export function metadataOf(run: Pick<Run, "bucket" | "allocationsOn">, worker: Worker, updateSeq: number): Metadata {
  const jobs = (run.allocationsOn.get(worker.host) ?? [])
    .map(({ job, disabled }) => ({ job, disabled: disabled ? 1 : 0 }))
    .sort((a, b) => (a.job < b.job ? -1 : 1));
  const files = new Map([
    ["worker.json", workerJson(run.bucket.bucketId, worker, updateSeq)],
    ["jobs.json", JSON.stringify(jobs, undefined, 3)],
  ]);
  for (const plugin of run.bucket.plugins) {
    for (const [name, text] of Object.entries(plugin.workerFiles ?? {})) files.set(`bin/${name}`, text);
  }
  const lasting = [...files].filter(([name]) => name !== "worker.json");
  return { files, digest: contentHash(JSON.stringify([workerJson(run.bucket.bucketId, worker, 0), ...lasting])) };
}

function workerJson(bucketId: string, worker: Worker, updateSeq: number): string {
  const { workerId, host, labels } = worker;
  return JSON.stringify(
    { bucket_id: bucketId, worker_id: workerId, worker_ip: host, labels, update_seq: updateSeq },
    undefined,
    3,
  );
}
