import { type Bucket, planDeploy, type SecretName } from "@maand/core/internal";
import { asMaandError } from "@maand/core/operator";
import { type SecretReader, secretReaders } from "./secret-readers.ts";

/** One allocation that the next deploy changes. */
export interface AffectedAllocation {
  readonly job: string;
  readonly host: string;
  /** `restart`, `reload`, `start` or `sync`. */
  readonly action: string;
}

/** The effects of a change of secrets. */
export interface SecretEffects {
  /** Jobs with templates that name one of the secrets. */
  readonly readers: readonly SecretReader[];
  /** What the next deploy does to these jobs. Undefined if it cannot be determined; `unknown` then has the reason. */
  readonly next: readonly AffectedAllocation[] | undefined;
  readonly unknown: string | undefined;
}

/**
 * Plans a deploy of the jobs that read some secrets, based on the last build. Contacts no worker; call it without the
 * lock.
 */
export async function secretEffects(bucket: Bucket, secrets: readonly SecretName[]): Promise<SecretEffects> {
  const readers = secrets.length === 0 ? [] : secretReaders(bucket, secrets);
  if (readers.length === 0) return { readers, next: [], unknown: undefined };
  try {
    const jobs = readers.map(({ job }) => job);
    const plan = await planDeploy(bucket, { jobs, force: false, syncOnly: false });
    const [failed] = plan.failures;
    if (failed) return { readers, next: undefined, unknown: `job ${failed.job} cannot be planned: ${failed.message}` };
    const undecided = plan.undecided[0];
    if (undecided) return { readers, next: undefined, unknown: undecided.message };
    const planned = plan.waves.flatMap((wave) => wave.jobs).flatMap(({ allocations }) => allocations);
    const next = planned
      .filter(({ decision }) => decision.action !== "skip")
      .map(({ allocation: { job, host }, decision: { action } }) => ({ job, host, action }));
    return { readers, next, unknown: undefined };
  } catch (cause) {
    return { readers, next: undefined, unknown: asMaandError(cause).message };
  }
}
