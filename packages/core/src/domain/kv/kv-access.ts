import type { Job } from "../workspace/job.ts";
import { demandedJobs } from "../workspace/job.ts";
import { NAMESPACE } from "./kv-names.ts";

/** The namespaces that templates and hooks of a job may read on these workers, sorted. */
export function readableNamespaces(job: Pick<Job, "name" | "commands">, hosts: readonly string[]): string[] {
  const { name } = job;
  const own = [
    NAMESPACE.bucket,
    NAMESPACE.bucketVars,
    NAMESPACE.bucketSecrets,
    NAMESPACE.workers,
    NAMESPACE.prometheus,
    NAMESPACE.job(name),
    NAMESPACE.overrides(name),
    NAMESPACE.jobVars(name),
    NAMESPACE.secrets(name),
  ];
  const local = hosts.flatMap((host) => hostNamespaces(job, host));
  const demanded = demandedJobs(job).flatMap((upstream) => [
    NAMESPACE.job(upstream),
    NAMESPACE.jobVars(upstream),
    NAMESPACE.secrets(upstream),
  ]);
  return [...own, ...local, ...demanded].sort();
}

/** The namespaces that a job may read only on one worker. */
export function hostNamespaces({ name }: Pick<Job, "name">, host: string): string[] {
  return [NAMESPACE.worker(host), NAMESPACE.tags(host), NAMESPACE.allocation(name, host)];
}

/** A hint for a namespace that the job may not read. */
export function accessHint(job: string, namespace: string): string {
  const [, other] = /^(?:maand|vars|secrets)\/job\/([^/]+)$/.exec(namespace) ?? [];
  if (other !== undefined)
    return `add a dependency on a command of ${other} (commands.<name>.demands in workspace/jobs/${job}/manifest.json)`;
  if (namespace.startsWith("maand/worker/") || namespace.includes("/worker/"))
    return "only the allocation's own worker can be read; maand/worker and maand/job/<job> list the others";
  return `maand cat kv --jobs ${job} lists what it may read`;
}
