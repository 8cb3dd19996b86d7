import type { KvEntries } from "./entries.ts";
import type { KvSources } from "./kv-contents.ts";
import { NAMESPACE } from "./kv-names.ts";
import { isSecretKey, SECRET_KEY_RULE, type SecretOwner, secretNamespace } from "./secret-names.ts";

/** The prefix of a value that refers to a secret kept elsewhere. */
export const REFERENCE_PREFIX = "secret://";

/** A reference to a secret that a provider keeps, such as `secret://op/prod/api/password`. @experimental */
export interface SecretReference {
  /** As written. */
  readonly text: string;
  /** The first part: `op`. */
  readonly provider: string;
  /** The other parts: `prod`, `api`, `password`. A part cannot be empty, `.` or `..`, or begin with `-`. */
  readonly path: readonly string[];
  /** The text after `#`, if present. */
  readonly field: string | undefined;
}

/** A variable that is a reference, and therefore a secret of its owner. */
export interface ReferenceEntry {
  readonly owner: SecretOwner;
  readonly key: string;
  readonly reference: SecretReference;
  /** File and key. */
  readonly where: string;
}

/** A variable with an invalid reference or key. */
export interface WrongReference {
  readonly where: string;
  readonly message: string;
}

const PROVIDER = /^[a-z][a-z0-9-]{0,31}$/;
const SYNTAX = "write it as secret://<provider>/<path>, as docs/secrets.md shows for each provider";

/** Parses a reference. For an invalid reference, returns the problem as a string. */
export function parseReference(text: string): SecretReference | string {
  const hash = text.indexOf("#");
  const [provider = "", ...path] = text.slice(REFERENCE_PREFIX.length, hash === -1 ? undefined : hash).split("/");
  const field = hash === -1 ? undefined : text.slice(hash + 1);
  if (!PROVIDER.test(provider)) return `"${text}" names no provider; ${SYNTAX}`;
  if (path.length === 0 || field === "") return `"${text}" is not complete; ${SYNTAX}`;
  const stray = path.find((part) => part === "" || part === "." || part === ".." || part.startsWith("-"));
  if (stray !== undefined || /\p{Cc}/u.test(text))
    return `"${text}" has a part that is empty, "." or "..", begins with "-", or has a control character`;
  return { text, provider, path, field };
}

/** Variables, split into plain variables and references. */
export interface SplitVariables {
  readonly variables: Variables;
  readonly references: readonly ReferenceEntry[];
  readonly wrong: readonly WrongReference[];
}

type Variables = Pick<KvSources, "bucketVars" | "overrides" | "jobVars">;

/**
 * Separates references from the other variables of a workspace. For a job, `bucket.jobs.conf` overrides `vars.toml`.
 */
export function splitReferences({ bucketVars, overrides, jobVars }: Variables, overridesFile: string): SplitVariables {
  const found = new Map<string, ReferenceEntry>();
  const wrong: WrongReference[] = [];
  const split = (owner: SecretOwner, entries: KvEntries, whereOf: (key: string) => string): KvEntries => {
    const plain = new Map<string, string>();
    for (const [key, value] of entries) {
      if (!value.startsWith(REFERENCE_PREFIX)) {
        plain.set(key, value);
        continue;
      }
      const where = whereOf(key);
      const reference = parseReference(value);
      if (typeof reference === "string") wrong.push({ where, message: reference });
      else if (!isSecretKey(key)) wrong.push({ where, message: `the key of a secret must be ${SECRET_KEY_RULE}` });
      else found.set(`${secretNamespace(owner)} ${key}`, { owner, key, reference, where });
    }
    return plain.size === entries.size ? entries : plain;
  };
  const plainJobs = [...jobVars].map(([job, entries]): [string, KvEntries] => [
    job,
    split(job, entries, (key) => `workspace/jobs/${job}/vars.toml: ${key}`),
  ]);
  const plainOverrides = [...overrides].map(([job, entries]): [string, KvEntries] => [
    job,
    split(job, entries, (key) => `${overridesFile}: ${job}.${key}`),
  ]);
  const variables = {
    bucketVars: split(undefined, bucketVars, (key) => `workspace/bucket.conf: ${key}`),
    overrides: new Map(plainOverrides),
    jobVars: new Map(plainJobs),
  };
  return { variables, references: [...found.values()], wrong };
}

/**
 * The namespace that a variable of this owner has if it is not a reference; undefined for the bucket, whose variables
 * are always replaced together.
 */
export function plainNamespace(owner: SecretOwner): string | undefined {
  return owner === undefined ? undefined : NAMESPACE.jobVars(owner);
}
