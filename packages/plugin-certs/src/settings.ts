import { type Job, MaandError } from "@maand/core";
import { CERTS, type WrittenCert } from "./schema.ts";

/** One entry of a job's `certs`, with every default filled in. */
export interface CertEntry {
  readonly name: string;
  /** Whether the key is written as PKCS#8; otherwise as PKCS#1 or, for an elliptic curve, SEC 1. */
  readonly pkcs8: boolean;
  /** Whether all workers of the job share one certificate. */
  readonly one: boolean;
  readonly commonName: string;
  /** As written. */
  readonly altNames: readonly string[];
}

/**
 * The entries of `certs` in a manifest, sorted by name. Throws PROBLEMS for a shape that `validate` refuses, so that a
 * certificate is never silently omitted.
 */
export function readCerts(job: Pick<Job, "name" | "manifest">): CertEntry[] {
  const written = CERTS.of(job);
  if (!written && job.manifest[CERTS.key] !== undefined)
    throw new MaandError({
      code: "PROBLEMS",
      message: `certs of ${job.name} are invalid: they do not match the schema`,
      hint: "correct the manifest and run maand build",
    });
  return Object.entries(written ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, cert]) => resolve(job.name, name, cert));
}

function resolve(job: string, name: string, { pkcs8 = false, one = false, subject = {} }: WrittenCert): CertEntry {
  return { name, pkcs8, one, commonName: subject.common_name ?? job, altNames: subject.alt_names ?? [] };
}
