import type { Bucket } from "../../bucket/bucket.ts";
import { NAMESPACE } from "../../domain/kv/kv-names.ts";
import type { SecretOwner } from "../../domain/kv/secret-names.ts";
import { demandedJobs, type Job } from "../../domain/workspace/job.ts";

/** A job with templates that name a secret. */
export interface SecretReader {
  readonly job: string;
  /** Templates, sorted. */
  readonly files: readonly string[];
}

/**
 * The jobs whose templates of the last build name one of these keys, sorted. A template that computes the name of a key, and a job
 * command that reads a secret, are not found.
 */
export function secretReaders(
  { store, kv }: Pick<Bucket, "store" | "kv">,
  owner: SecretOwner,
  keys: readonly string[],
): SecretReader[] {
  const read = ({ hash }: { readonly hash: string }) => Buffer.from(store.contents.read(hash)).toString();
  return store.catalog.read().jobs.flatMap((job): SecretReader[] => {
    if (!mayRead(job, owner)) return [];
    const own = owner === undefined ? new Set(kv.keys(NAMESPACE.secrets(job.name))) : new Set<string>();
    const files = job.files.filter(({ path }) => path.endsWith(".tpl"));
    const naming = files.filter((file) => namesOne(read(file), keys, own));
    return naming.length === 0 ? [] : [{ job: job.name, files: naming.map(({ path }) => path).sort() }];
  });
}

function mayRead(job: Job, owner: SecretOwner): boolean {
  return owner === undefined || owner === job.name || demandedJobs(job).includes(owner);
}

/** Whether a template names a key. One that the job has a secret of its own for counts only with the namespace beside it. */
function namesOne(text: string, keys: readonly string[], own: ReadonlySet<string>): boolean {
  const names = (key: string) => text.includes(`"${key}"`) || text.includes(`\`${key}\``);
  return keys.some((key) => names(key) && (!own.has(key) || text.includes(NAMESPACE.bucketSecrets)));
}
