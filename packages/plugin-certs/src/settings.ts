import { type Job, MaandError } from "@maand/core";
import * as v from "valibot";
import { CertsSchema, type WrittenCert } from "./schema.ts";

/** One entry of a job's `certs`, with every default filled in. */
export interface CertEntry {
  readonly name: string;
  /** The key is written as PKCS#8; otherwise as PKCS#1 or, for an elliptic curve, SEC 1. */
  readonly pkcs8: boolean;
  /** One certificate for all workers of the job. */
  readonly one: boolean;
  readonly commonName: string;
  /** As written. */
  readonly altNames: readonly string[];
}

/**
 * The entries of `certs` in a manifest, sorted by name. Throws PROBLEMS for a shape that `validate` refuses,
 * so that a certificate is never silently left out.
 */
export function readCerts(job: Pick<Job, "name" | "manifest">): CertEntry[] {
  const { success, output, issues } = v.safeParse(CertsSchema, job.manifest.certs ?? {});
  if (success)
    return Object.keys(output)
      .sort()
      .flatMap((name) => resolve(job.name, name, output[name]));
  throw new MaandError({
    code: "PROBLEMS",
    message: `certs of ${job.name} cannot be understood: ${issues[0].message}`,
    hint: "correct the manifest and run maand build",
  });
}

function resolve(job: string, name: string, written: WrittenCert | undefined): CertEntry[] {
  if (!written) return [];
  const { pkcs8 = false, one = false, subject = {} } = written;
  return [{ name, pkcs8, one, commonName: subject.common_name ?? job, altNames: subject.alt_names ?? [] }];
}
