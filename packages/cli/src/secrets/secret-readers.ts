import type { Job, JobFile } from "@maand/core";
import { type Bucket, demandedJobs, NAMESPACE, type SecretName, type SecretOwner } from "@maand/core/internal";

/** A job with templates that name a secret. */
export interface SecretReader {
  readonly job: string;
  /** Templates, sorted. */
  readonly files: readonly string[];
}

/**
 * The jobs with templates in the last build that name one of these secrets. Does not find templates that compute the
 * name of a key, or job commands that read a secret.
 */
export function secretReaders(
  { store, kv }: Pick<Bucket, "store" | "kv">,
  secrets: readonly SecretName[],
): SecretReader[] {
  const textOf = ({ hash }: JobFile) => Buffer.from(store.contents.read(hash)).toString();
  return store.catalog.read().jobs.flatMap((job): SecretReader[] => {
    const readable = secrets.filter(({ owner }) => mayRead(job, owner));
    if (readable.length === 0) return [];
    const own = new Set(kv.keys(NAMESPACE.secrets(job.name)));
    const templates = job.files.filter(({ path }) => path.endsWith(".tpl"));
    const naming = templates.filter((file) => {
      const text = textOf(file);
      return readable.some((secret) => names(text, secret, own));
    });
    return naming.length === 0 ? [] : [{ job: job.name, files: naming.map(({ path }) => path).sort() }];
  });
}

function mayRead(job: Job, owner: SecretOwner): boolean {
  return owner === undefined || owner === job.name || demandedJobs(job).includes(owner);
}

/**
 * Whether a template names a secret. If the job itself has a secret with this key, the secret of the bucket counts only
 * if the template also names its namespace.
 */
function names(text: string, { owner, key }: SecretName, own: ReadonlySet<string>): boolean {
  if (!text.includes(`"${key}"`) && !text.includes(`\`${key}\``)) return false;
  return owner !== undefined || !own.has(key) || text.includes(NAMESPACE.bucketSecrets);
}
