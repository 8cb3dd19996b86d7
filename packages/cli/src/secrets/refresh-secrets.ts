import { didYouMean, MaandError } from "@maand/core";
import {
  type Bucket,
  ownerOfNamespace,
  parseReference,
  readReferences,
  recordCommand,
  runReporter,
  type SecretName,
  type SecretReference,
  storeRead,
} from "@maand/core/internal";
import { lockBucket } from "@maand/core/operator";
import { changeOf, effectsOf, type SecretChange, type SecretsChanged } from "./write-secrets.ts";

/** Which secrets to read again; empty means all. */
export interface RefreshSecrets {
  readonly keys: readonly string[];
  /** Only secrets of this job. */
  readonly job: string | undefined;
}

interface Source extends SecretName {
  readonly namespace: string;
  readonly reference: SecretReference;
}

/**
 * Reads secrets again from their providers, with the references of the last build, and stores the changed values, all
 * or none. Throws NOT_FOUND for a key that does not come from a provider. Also throws SECRET_NOT_READ and BUSY.
 */
export async function refreshSecrets(bucket: Bucket, wanted: RefreshSecrets): Promise<SecretsChanged> {
  const lock = lockBucket(bucket, "secret refresh");
  const startedAt = bucket.now();
  let changes: readonly SecretChange[];
  try {
    const sources = chosen(bucket, wanted);
    const values = await readReferences(
      runReporter(bucket, "secret refresh"),
      sources.map(({ reference }) => reference),
    );
    changes = bucket.store.transaction(() =>
      sources.map(({ owner, key, namespace, reference }) => {
        const value = values.get(reference.text) ?? "";
        const before = bucket.kv.find(namespace, key);
        storeRead(bucket, { owner, key, reference: reference.text, value });
        return { owner, key, change: changeOf(before, value) };
      }),
    );
    recordCommand(bucket, { command: "secret refresh", startedAt });
  } finally {
    lock.release();
  }
  return { changes, effects: await effectsOf(bucket, changes) };
}

function chosen({ store }: Bucket, { keys, job }: RefreshSecrets): Source[] {
  const all = store.secretSources.all().flatMap(({ namespace, key, reference: text }): Source[] => {
    const owner = ownerOfNamespace(namespace);
    const reference = parseReference(text);
    return typeof reference === "string" ? [] : [{ owner, key, namespace, reference }];
  });
  const ofJob = all.filter(({ owner }) => job === undefined || owner === job);
  const known = ofJob.map(({ key }) => key);
  const unknown = keys.find((key) => !known.includes(key));
  if (unknown !== undefined || (job !== undefined && ofJob.length === 0))
    throw new MaandError({
      code: "NOT_FOUND",
      message: `${job === undefined ? "the bucket and its jobs have" : `job ${job} has`} no secret ${unknown ?? ""}${unknown === undefined ? "" : " "}that comes from a provider`,
      hint: didYouMean(unknown ?? "", known) ?? "to see where each secret is from, run maand secret list",
    });
  return ofJob.filter(({ key }) => keys.length === 0 || keys.includes(key));
}
