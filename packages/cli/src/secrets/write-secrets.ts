import { MaandError } from "@maand/core";
import {
  type Bucket,
  isSecretKey,
  ownerText,
  recordCommand,
  SECRET_KEY_RULE,
  type SecretName,
  type SecretOwner,
  secretValueProblem,
} from "@maand/core/internal";
import { lockBucket } from "@maand/core/operator";
import { secretNamespace } from "@maand/core/readonly";
import { type SecretEffects, secretEffects } from "./secret-effects.ts";
import { checkOwner, noSecret } from "./secret-owner.ts";
import { secretReaders } from "./secret-readers.ts";

/** The change of one secret. */
export interface SecretChange extends SecretName {
  readonly change: "created" | "changed" | "unchanged" | "removed";
}

/** The result of a command that changes secrets. */
export interface SecretsChanged {
  readonly changes: readonly SecretChange[];
  readonly effects: SecretEffects;
}

/** Options of {@link setSecrets}. */
export interface SetSecrets {
  /** The command, for the lock. */
  readonly command: string;
  readonly owner: SecretOwner;
  /** Values by key, exactly as they are stored. */
  readonly values: ReadonlyMap<string, string>;
}

/**
 * Stores secrets, all or none, and plans what the next deploy does with them. Throws USAGE for invalid input, and for a
 * secret that comes from a provider. Also throws NOT_FOUND and BUSY.
 */
export async function setSecrets(bucket: Bucket, { command, owner, values }: SetSecrets): Promise<SecretsChanged> {
  for (const value of values.values()) bucket.mask.add(value);
  const changes = whileLocked(bucket, command, () => {
    checkOwner(bucket, owner);
    for (const [key, value] of values) {
      checkSecret(key, value);
      refuseReferenced(bucket, { owner, key });
    }
    return bucket.store.transaction(() => [...values].map(([key, value]) => put(bucket, { owner, key }, value)));
  });
  return { changes, effects: await effectsOf(bucket, changes) };
}

/** Options of {@link removeSecret}. */
export interface RemoveSecret extends SecretName {
  /** Whether to remove the secret even if templates read it. */
  readonly force: boolean;
}

/**
 * Deletes a secret. Throws USAGE if it comes from a provider, or if a template of the last build names it and `force`
 * is not set. Also throws NOT_FOUND and BUSY.
 */
export async function removeSecret(bucket: Bucket, { owner, key, force }: RemoveSecret): Promise<SecretsChanged> {
  const namespace = secretNamespace(owner);
  const changes = [{ owner, key, change: "removed" as const }];
  whileLocked(bucket, "secret rm", () => {
    if (!bucket.kv.keys(namespace).includes(key)) throw noSecret(owner, key, bucket.kv.keys(namespace));
    refuseReferenced(bucket, { owner, key });
    if (!force) refuseInUse(bucket, { owner, key });
    bucket.store.transaction(() => bucket.kv.remove(namespace, key));
  });
  return { changes, effects: await effectsOf(bucket, changes) };
}

function whileLocked<T>(bucket: Bucket, command: string, work: () => T): T {
  const lock = lockBucket(bucket, command);
  const startedAt = bucket.now();
  try {
    const result = work();
    recordCommand(bucket, { command, startedAt });
    return result;
  } finally {
    lock.release();
  }
}

/** The effects of the changes; call it without the lock. */
export function effectsOf(bucket: Bucket, changes: readonly SecretChange[]): Promise<SecretEffects> {
  return secretEffects(
    bucket,
    changes.filter(({ change }) => change !== "unchanged"),
  );
}

function put({ kv }: Bucket, { owner, key }: SecretName, value: string): SecretChange {
  const before = kv.find(secretNamespace(owner), key);
  kv.put(secretNamespace(owner), key, value);
  return { owner, key, change: changeOf(before, value) };
}

/** How a value changed. */
export function changeOf(before: string | undefined, value: string): SecretChange["change"] {
  if (before === undefined) return "created";
  return before === value ? "unchanged" : "changed";
}

/** Refuses a secret that comes from a provider, because the next build would replace its value. */
function refuseReferenced({ store }: Bucket, { owner, key }: SecretName): void {
  const namespace = secretNamespace(owner);
  const source = store.secretSources.all().find((one) => one.namespace === namespace && one.key === key);
  if (!source) return;
  throw new MaandError({
    code: "USAGE",
    message: `${key} of ${ownerText(owner)} is read from ${source.reference}`,
    hint: "change it there, then run maand secret refresh; or remove the reference from the workspace and run maand build",
  });
}

/** Refuses an invalid key or value. The message contains no part of the value, and no key that may contain one. */
function checkSecret(key: string, value: string): void {
  checkSecretKey(key);
  const problem = secretValueProblem(value);
  if (problem !== undefined)
    throw new MaandError({ code: "USAGE", message: `the value of ${key} ${problem}`, hint: "nothing was changed" });
}

/**
 * Refuses an invalid key. The message does not repeat it, because `KEY=value` typed by mistake contains a value. Throws
 * USAGE.
 */
export function checkSecretKey(key: string): void {
  if (isSecretKey(key)) return;
  throw new MaandError({
    code: "USAGE",
    message: `the key of a secret must be ${SECRET_KEY_RULE}`,
    hint: "write the key alone: maand secret set db_password",
  });
}

function refuseInUse(bucket: Bucket, { owner, key }: SecretName): void {
  const readers = secretReaders(bucket, [{ owner, key }]);
  if (readers.length === 0) return;
  const files = readers.map(({ job, files: names }) => `${job} (${names.join(", ")})`).join(", ");
  throw new MaandError({
    code: "USAGE",
    message: `${key} of ${ownerText(owner)} is read by templates: ${files}`,
    hint: "change the templates and run maand build first, or remove the secret anyway with --force",
  });
}
