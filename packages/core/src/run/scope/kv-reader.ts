import { accessHint, hostNamespaces, readableNamespaces } from "../../domain/kv/kv-access.ts";
import { PORT_KEY } from "../../domain/kv/kv-job.ts";
import { isSecret, NAMESPACE } from "../../domain/kv/kv-names.ts";
import { isSecretKey } from "../../domain/kv/secret-names.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { didYouMean } from "../../domain/workspace/names.ts";
import { MaandError } from "../../errors.ts";
import type { KvReader } from "../../plugin-api/kv.ts";
import type { KvStore } from "../../store/kv/kv.ts";

/** The part of the KV store that a job may read on these workers. */
export function kvReader(kv: KvStore, job: Job, hosts: readonly string[]): KvReader {
  const ofJob = readableOf(job);
  const onHosts = new Set(hosts.flatMap((host) => hostNamespaces(job, host)));
  const allowed = (namespace: string) => {
    if (ofJob.has(namespace) || onHosts.has(namespace)) return namespace;
    throw new MaandError({
      code: "KV_REFUSED",
      message: `job ${job.name} may not read the KV namespace ${namespace}`,
      hint: accessHint(job.name, namespace),
    });
  };
  const find = (namespace: string, key: string) => kv.find(allowed(namespace), key);
  return Object.freeze({
    find,
    get: (namespace: string, key: string) => find(namespace, key) ?? absent(kv, namespace, key),
    keys: (namespace: string) => kv.keys(allowed(namespace)),
    isSecret,
  });
}

/**
 * The namespaces that a job may read on every worker. They are cached, because a plan creates a reader for each
 * allocation.
 */
const readable = new WeakMap<Job, ReadonlySet<string>>();

function readableOf(job: Job): ReadonlySet<string> {
  const known = readable.get(job) ?? new Set(readableNamespaces(job, []));
  readable.set(job, known);
  return known;
}

function absent(kv: KvStore, namespace: string, key: string): never {
  const jobs = namespace === NAMESPACE.bucket ? declaring(kv, key) : [];
  if (jobs.length > 1) {
    throw new MaandError({
      code: "NOT_FOUND",
      message: `the port "${key}" is declared by ${jobs.slice(0, -1).join(", ")} and ${jobs.at(-1)}, so it is ambiguous in ${namespace}`,
      hint: `read ${jobs.map((job) => `${NAMESPACE.job(job)} ${PORT_KEY}${key}`).join(" or ")}`,
    });
  }
  const deleted = kv.entries(namespace).get(key)?.deleted ?? false;
  throw new MaandError({
    code: "NOT_FOUND",
    message: `the KV namespace ${namespace} has no key "${key}"${deleted ? "; it was deleted" : ""}`,
    hint: secretHint(namespace, kv.keys(namespace), key) ?? hintFor(namespace, kv.keys(namespace), key),
  });
}

/** Jobs that declare a port. */
function declaring(kv: KvStore, port: string): string[] {
  const prefix = NAMESPACE.job("");
  return kv
    .holders(`${PORT_KEY}${port}`)
    .flatMap((held) => (held.startsWith(prefix) ? [held.slice(prefix.length)] : []));
}

/** A secret that is missing was usually never set. */
function secretHint(namespace: string, keys: readonly string[], key: string): string | undefined {
  const prefix = NAMESPACE.secrets("");
  if (!namespace.startsWith(prefix) || !isSecretKey(key)) return undefined;
  return didYouMean(key, keys) ?? `set it: maand secret set ${key} --job ${namespace.slice(prefix.length)}`;
}

function hintFor(namespace: string, keys: readonly string[], key: string): string {
  if (keys.length === 0) return "it has no keys yet; maand build and the hooks of its job publish them";
  return didYouMean(key, keys) ?? `to list the keys of ${namespace}, run maand cat kv`;
}
