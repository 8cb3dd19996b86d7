import type { Bucket } from "../../bucket/bucket.ts";
import { isSecret, NAMESPACE } from "../../domain/kv/kv-names.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { MaandError } from "../../errors.ts";
import type { KvSession } from "../../plugin-api/kv.ts";
import { KvOverlay } from "../../store/kv/kv-overlay.ts";
import { kvReader } from "./kv-reader.ts";

/** The key in `maand/job/<job>` that hooks may write: the order of its rollout. */
const ROLLOUT_ORDER = "rollout_order";

/** The KV store as one hook reads and writes it for one worker. Its writes are isolated until they are committed. */
export function kvSession({ kv, mask, now, store }: Bucket, job: Job, host: string): KvSession {
  const overlay = new KvOverlay(kv, { now, onSecret: (value) => mask.add(value) });
  const writable = (namespace: string, key: string) => {
    if (namespace === NAMESPACE.jobVars(job.name) || namespace === NAMESPACE.secrets(job.name)) return namespace;
    if (namespace === NAMESPACE.job(job.name) && key === ROLLOUT_ORDER) return namespace;
    throw refused(job, namespace, key);
  };
  return Object.freeze({
    ...kvReader(overlay, job, [host]),
    isSecret,
    put: (namespace: string, key: string, value: string) => overlay.put(writable(namespace, key), key, value),
    remove: (namespace: string, key: string) => overlay.remove(writable(namespace, key), key),
    commit: () => store.transaction(() => overlay.commit()),
  });
}

function refused(job: Job, namespace: string, key: string): MaandError {
  return new MaandError({
    code: "KV_REFUSED",
    message: `a hook of job ${job.name} may not write the KV entry ${namespace} ${key}`,
    hint: `it may write ${NAMESPACE.jobVars(job.name)}, ${NAMESPACE.secrets(job.name)}, and ${ROLLOUT_ORDER} of ${NAMESPACE.job(job.name)}`,
  });
}
