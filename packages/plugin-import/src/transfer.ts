import type { Job, Worker } from "@maand/core";
import { isSecret, type Store } from "@maand/core/internal";
import type { KvKey } from "@maand/core/operator";
import type { GoBucket, GoJob, GoKvRow, GoWorker } from "./go-store/go-bucket.ts";

/** The prefix of an encrypted value, in both programs. */
const ENCRYPTED = "enc:v1:";

/**
 * Copies the state of a Go bucket to an empty store: ids, ports, allocations and the history of every KV entry. Jobs
 * and workers are only placeholders; the following build completes them, and marks those that are no longer in the
 * workspace. Throws KV_KEY_MISSING and KV_DECRYPT_FAILED if its secrets cannot be read.
 */
export function transfer(go: GoBucket, store: Store, key: KvKey, newId: () => string): void {
  store.transaction(() => {
    store.bucket.create(go.id, go.updateSeq);
    const catalog = {
      workers: go.workers.map((worker, position) => outlineOfWorker(go, worker, position, newId)),
      jobs: go.jobs.map(outlineOfJob),
      allocations: go.allocations,
    };
    const nothing = { workers: [], jobs: [], allocations: [], removedWorkers: [], removedJobs: [] };
    store.catalog.write(nothing, catalog, new Map());
    for (const row of go.kv) store.kv.restore(row.namespace, { ...row, value: storedValue(row, key) });
  });
}

/**
 * Both programs encrypt secrets in the same way, so the secrets must be readable. The Go program did not encrypt
 * private keys.
 */
function storedValue({ namespace, key: name, value, deleted }: GoKvRow, key: KvKey): string {
  if (!isSecret(namespace, name)) return value;
  if (!value.startsWith(ENCRYPTED)) return key.encrypt(value);
  if (!deleted) key.decrypt(value, `${namespace} ${name}`);
  return value;
}

function outlineOfWorker(go: GoBucket, { host, id }: GoWorker, position: number, newId: () => string): Worker {
  const workerId = id ?? lastIdOf(go, host) ?? newId();
  return { host, workerId, labels: ["worker"], tags: {}, memoryMb: 0, cpuMhz: 0, position };
}

/** The id of a worker that was removed from the catalog, from the history of its KV entries. */
function lastIdOf({ kv }: GoBucket, host: string): string | undefined {
  return kv.filter(({ namespace, key }) => namespace === `maand/worker/${host}` && key === "worker_id").at(-1)?.value;
}

const NONE = { min: 0, max: 0, reserved: 0, source: "manifest" };

function outlineOfJob({ name, version, ports, deploymentSeq }: GoJob): Job {
  return {
    name,
    version,
    selectors: [name],
    restartPolicy: "always",
    restartGlobs: [],
    maxConcurrentStarts: 0,
    maxConcurrentUpgrades: 1,
    minAllocationsCount: 0,
    ports,
    memory: NONE,
    cpu: NONE,
    commands: [],
    deploymentSeq,
    manifest: {},
    files: [],
  };
}
