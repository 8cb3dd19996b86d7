import { NAMESPACE } from "../domain/kv/kv-names.ts";
import type { KvStore } from "../store/kv/kv.ts";

/** Deletes the variables and secrets of a job. */
export function purgeJobKv(kv: KvStore, job: string): void {
  for (const namespace of [NAMESPACE.jobVars(job), NAMESPACE.secrets(job)]) kv.purge(namespace);
}

/** Jobs that have or once had variables or secrets. */
export function jobsWithKv(kv: KvStore): string[] {
  const jobs = [NAMESPACE.jobVars(""), NAMESPACE.secrets("")].flatMap((prefix) =>
    kv.namespaces(prefix).map((namespace) => namespace.slice(prefix.length)),
  );
  return [...new Set(jobs)].sort();
}
