import { existsSync } from "node:fs";
import { join } from "node:path";
import { didYouMean, MaandError } from "@maand/core";
import { type Bucket, isName, ownerText, type SecretOwner } from "@maand/core/internal";

/**
 * Refuses a job that is neither in the catalog nor in the workspace: its secrets would never be read. Throws NOT_FOUND.
 */
export function checkOwner({ store, paths }: Pick<Bucket, "store" | "paths">, owner: SecretOwner): void {
  if (owner === undefined) return;
  const known = store.catalog.read().jobs.map(({ name }) => name);
  if (known.includes(owner)) return;
  if (isName("job", owner) && existsSync(join(paths.workspace, "jobs", owner))) return;
  throw new MaandError({
    code: "NOT_FOUND",
    message: `there is no job ${JSON.stringify(owner)}`,
    hint:
      didYouMean(owner, known) ?? "to list the jobs, run maand cat jobs; without --job, a secret belongs to the bucket",
  });
}

/** The error for a key that has no secret. */
export function noSecret(owner: SecretOwner, key: string, known: readonly string[]): MaandError {
  return new MaandError({
    code: "NOT_FOUND",
    message: `${ownerText(owner)} has no secret ${key}`,
    hint: didYouMean(key, known) ?? "to list all secrets, run maand secret list",
  });
}
