import { createHash } from "node:crypto";
import { isRecord } from "../domain/checks/validate.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import type { Run } from "../run/run.ts";
import type { Delivery } from "../store/bucket-rows.ts";

/** The metadata of a worker: the texts of `worker.json`, `jobs.json` and the files in `bin/`, by path. */
export interface Metadata {
  readonly files: ReadonlyMap<string, string>;
  /** Digest of all files without the sequence number. It shows whether the worker needs new metadata. */
  readonly digest: string;
}

type Source = Pick<Run, "bucket" | "allocationsOn">;

/** Returns `worker.json`, `jobs.json` and `bin/` of a worker for an `update_seq`. */
export function metadataOf(run: Source, worker: Worker, updateSeq: number): Metadata {
  const files = metadataFiles(run, worker, updateSeq);
  return { files, digest: digestOf(files, workerJson(run.bucket.bucketId, worker, 0)) };
}

/** The same files without their digest. */
export function metadataFiles(run: Source, worker: Worker, updateSeq: number): ReadonlyMap<string, string> {
  const jobs = (run.allocationsOn.get(worker.host) ?? [])
    .map(({ job, disabled }) => ({ job, disabled: disabled ? 1 : 0 }))
    .sort((a, b) => (a.job < b.job ? -1 : 1));
  const files = new Map([
    [WORKER_JSON, workerJson(run.bucket.bucketId, worker, updateSeq)],
    ["jobs.json", JSON.stringify(jobs, undefined, INDENT)],
  ]);
  for (const plugin of run.bucket.plugins) {
    for (const [name, text] of Object.entries(plugin.workerFiles ?? {})) files.set(`${PROGRAMS}${name}`, text);
  }
  return files;
}

/** Whether these texts (by path, in the order of {@link metadataFiles}) are the texts that a sync wrote. */
export function isDelivered(texts: ReadonlyMap<string, string>, { seq, metadata }: Delivery): boolean {
  const own = asRecord(texts.get(WORKER_JSON));
  if (own?.update_seq !== seq) return false;
  return metadata === digestOf(texts, JSON.stringify({ ...own, update_seq: 0 }, undefined, INDENT));
}

const WORKER_JSON = "worker.json";
const PROGRAMS = "bin/";
const INDENT = 3;

function digestOf(files: ReadonlyMap<string, string>, ownJson: string): string {
  const hash = createHash("sha256").update(`[${JSON.stringify(ownJson)}`);
  for (const [name, text] of files) if (name !== WORKER_JSON) hash.update(",").update(jsonOf(name, text));
  return hash.update("]").digest("hex");
}

/** The JSON of programs by name. It is created once, because the programs are large and the same on every worker. */
const programs = new Map<string, { readonly text: string; readonly json: Uint8Array }>();

function jsonOf(name: string, text: string): Uint8Array {
  const known = programs.get(name);
  if (known?.text === text) return known.json;
  const json = Buffer.from(JSON.stringify([name, text]));
  if (name.startsWith(PROGRAMS)) programs.set(name, { text, json });
  return json;
}

function asRecord(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function workerJson(bucketId: string, worker: Worker, updateSeq: number): string {
  const { workerId, host, labels } = worker;
  return JSON.stringify(
    { bucket_id: bucketId, worker_id: workerId, worker_ip: host, labels, update_seq: updateSeq },
    undefined,
    INDENT,
  );
}
