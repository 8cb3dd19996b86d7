import type { Bucket } from "../../bucket/bucket.ts";
import {
  isSecretKey,
  ownerText,
  SECRET_KEY_RULE,
  type SecretOwner,
  secretNamespace,
  secretValueProblem,
} from "../../domain/kv/secret-names.ts";
import { MaandError } from "../../errors.ts";
import { lockBucket } from "../../run/run.ts";
import { type SecretEffects, secretEffects } from "./secret-effects.ts";
import { checkOwner, noSecret } from "./secret-owner.ts";
import { secretReaders } from "./secret-readers.ts";

/** What became of one secret. */
export interface SecretChange {
  readonly key: string;
  readonly change: "created" | "changed" | "unchanged" | "removed";
}

/** The result of a command that changes secrets. */
export interface SecretsChanged {
  readonly owner: SecretOwner;
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

/** Stores secrets, all or none, and plans what the next deploy does with them. Throws USAGE, NOT_FOUND, BUSY. */
export async function setSecrets(bucket: Bucket, { command, owner, values }: SetSecrets): Promise<SecretsChanged> {
  for (const value of values.values()) bucket.mask.add(value);
  const changes = locked(bucket, command, () => {
    checkOwner(bucket, owner);
    for (const [key, value] of values) checkSecret(key, value);
    return bucket.store.transaction(() => [...values].map(([key, value]) => put(bucket, owner, key, value)));
  });
  const changed = changes.filter(({ change }) => change !== "unchanged").map(({ key }) => key);
  return { owner, changes, effects: await effectsOf(bucket, owner, changed) };
}

/** Options of {@link removeSecret}. */
export interface RemoveSecret {
  readonly owner: SecretOwner;
  readonly key: string;
  /** Also remove it if templates read it. */
  readonly force: boolean;
}

/** Deletes a secret. Throws USAGE if a template of the last build names it, unless forced; NOT_FOUND, BUSY. */
export async function removeSecret(bucket: Bucket, { owner, key, force }: RemoveSecret): Promise<SecretsChanged> {
  const namespace = secretNamespace(owner);
  locked(bucket, "secret rm", () => {
    checkOwner(bucket, owner);
    if (!bucket.kv.keys(namespace).includes(key)) throw noSecret(owner, key, bucket.kv.keys(namespace));
    if (!force) refuseInUse(bucket, owner, key);
    bucket.store.transaction(() => bucket.kv.remove(namespace, key));
  });
  return { owner, changes: [{ key, change: "removed" }], effects: await effectsOf(bucket, owner, [key]) };
}

function locked<T>(bucket: Bucket, command: string, work: () => T): T {
  const lock = lockBucket(bucket, command);
  try {
    return work();
  } finally {
    lock.release();
  }
}

function effectsOf(bucket: Bucket, owner: SecretOwner, keys: readonly string[]): Promise<SecretEffects> {
  if (keys.length > 0) return secretEffects(bucket, owner, keys);
  return Promise.resolve({ readers: [], next: [], unknown: undefined });
}

function put({ kv }: Bucket, owner: SecretOwner, key: string, value: string): SecretChange {
  const namespace = secretNamespace(owner);
  const before = kv.find(namespace, key);
  kv.put(namespace, key, value);
  return { key, change: before === undefined ? "created" : before === value ? "unchanged" : "changed" };
}

/** Refuses a key or value; the message has no part of the value, and a key that may hold one is not repeated. */
function checkSecret(key: string, value: string): void {
  checkSecretKey(key);
  const problem = secretValueProblem(value);
  if (problem !== undefined)
    throw new MaandError({ code: "USAGE", message: `the value of ${key} ${problem}`, hint: "nothing was changed" });
}

/** Refuses what is not a key. It is not repeated, because `KEY=value` typed by mistake holds a value. Throws USAGE. */
export function checkSecretKey(key: string): void {
  if (isSecretKey(key)) return;
  throw new MaandError({
    code: "USAGE",
    message: `the key of a secret must be ${SECRET_KEY_RULE}`,
    hint: "write the key alone: maand secret set db_password",
  });
}

function refuseInUse(bucket: Bucket, owner: SecretOwner, key: string): void {
  const readers = secretReaders(bucket, owner, [key]);
  if (readers.length === 0) return;
  const files = readers.map(({ job, files: names }) => `${job} (${names.join(", ")})`).join(", ");
  throw new MaandError({
    code: "USAGE",
    message: `${key} of ${ownerText(owner)} is read by templates: ${files}`,
    hint: "change the templates and run maand build first, or remove it anyway with --force",
  });
}
