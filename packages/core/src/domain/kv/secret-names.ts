import { FORBIDDEN_NAMES } from "../workspace/names.ts";
import { NAMESPACE } from "./kv-names.ts";

/** The job that a secret belongs to; undefined for a secret of the bucket, which every job may read. */
export type SecretOwner = string | undefined;

/** A secret: its owner and its key. */
export interface SecretName {
  readonly owner: SecretOwner;
  readonly key: string;
}

/** The valid keys of secrets that users set or name in references. */
export const SECRET_KEY_RULE = "letters, digits, _ . and -, at most 128, beginning with a letter, digit or _";

const KEY = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
/** The maximum number of characters of a secret: far more than any key or certificate has. */
const LARGEST = 1024 * 1024;

/** The namespace of a secret. */
export function secretNamespace(owner: SecretOwner): string {
  return owner === undefined ? NAMESPACE.bucketSecrets : NAMESPACE.secrets(owner);
}

/** `job api`, or `the bucket`. */
export function ownerText(owner: SecretOwner): string {
  return owner === undefined ? "the bucket" : `job ${owner}`;
}

/** The part of a KV reader that {@link jobSecret} needs. */
interface SecretsReader {
  find(namespace: string, key: string): string | undefined;
  get(namespace: string, key: string): string;
}

/**
 * The secret that a job reads: its own or, if it has none with this key, the secret of the bucket. Throws NOT_FOUND.
 */
export function jobSecret(kv: SecretsReader, job: string, key: string): string {
  const own = NAMESPACE.secrets(job);
  return kv.find(own, key) ?? kv.find(NAMESPACE.bucketSecrets, key) ?? kv.get(own, key);
}

/** The owner of the secrets in a namespace of {@link secretNamespace}. */
export function ownerOfNamespace(namespace: string): SecretOwner {
  return namespace === NAMESPACE.bucketSecrets ? undefined : namespace.slice(NAMESPACE.secrets("").length);
}

/** Whether a string may be the key of a secret. */
export function isSecretKey(key: string): boolean {
  return KEY.test(key) && !FORBIDDEN_NAMES.includes(key);
}

/** Why a string cannot be the value of a secret, without quoting any part of it; undefined if the value is valid. */
export function secretValueProblem(value: string): string | undefined {
  if (value === "") return "is empty";
  if (value.includes("\0")) return "contains a NUL character; encode binary values first, for example with base64";
  if (value.length > LARGEST) return `is longer than ${LARGEST} characters`;
  return undefined;
}
