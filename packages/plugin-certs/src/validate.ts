import { didYouMean, error, type Job, type Report, type ValidateContext, warning } from "@maand/core";
import { isName, nameRule } from "@maand/core/toolbox";
import { outOfTime, RENEW, readAuthority } from "./authority.ts";
import { CRT, readAuthorityFiles } from "./authority-files.ts";
import { CERTS_SETTINGS } from "./conf.ts";
import { isCertifiable } from "./names.ts";
import { CERTS, KNOWN_KEYS, type WrittenCert } from "./schema.ts";

const DAY = 86_400_000;
/** The maximum length of an X.509 common name. */
const LONGEST_COMMON_NAME = 64;

/** Checks the `certs` of every job: names, subjects and unknown keys. */
export function validateCerts({ jobs, report }: Pick<ValidateContext, "jobs" | "report">): void {
  for (const job of jobs) {
    const certs = CERTS.of(job) ?? {}; // absent, or already refused by the claim's schema
    const where = `workspace/jobs/${job.name}/manifest.json: certs`;
    for (const name of namesOf(job)) validateName(name, `${where}.${name}`, report);
    for (const [name, cert] of Object.entries(certs)) validateCert(cert, `${where}.${name}`, report);
    validateFiles(job, Object.keys(certs), report);
  }
}

/** Checks the bucket's CA. Without certificates, its validity period does not matter. A missing CA is created later. */
export function validateAuthority({ bucket, jobs, now, settings, report }: ValidateContext): void {
  const found = readAuthority(readAuthorityFiles({ bucket, settings }));
  if (found.state === "refused") report(found.problem);
  if (found.state !== "ready") return;
  const needed = jobs.some((job) => namesOf(job).length > 0);
  const wrong = outOfTime(found.authority, now());
  const { validTo } = found.authority.certificate;
  if (wrong) report(needed ? wrong : { ...wrong, level: "warning" });
  else if (needed && Date.parse(validTo) < now().getTime() + CERTS_SETTINGS.from(settings).certs_ttl * DAY)
    report(warning("ca_ends", CRT, `the bucket CA expires on ${validTo}, and every certificate with it`, RENEW));
}

/**
 * The names as written. The schema drops names of inherited properties, such as `constructor`, which must not be
 * silently ignored.
 */
function namesOf({ manifest }: Pick<Job, "manifest">): string[] {
  return typeof manifest.certs === "object" ? Object.keys(manifest.certs ?? {}) : [];
}

function validateName(name: string, where: string, report: Report): void {
  if (!isName("cert", name))
    report(problem(where, `"${name}" is not a valid certificate name`, `use ${nameRule("cert")}`));
  else if (name === "ca")
    report(problem(where, 'the name "ca" is taken: certs/ca.crt is the bucket\'s own', "choose another name"));
}

function validateCert({ subject = {}, ...cert }: WrittenCert, where: string, report: Report): void {
  unknownKeys(cert, KNOWN_KEYS.cert, where, report);
  unknownKeys(subject, KNOWN_KEYS.subject, `${where}.subject`, report);
  if (subject.common_name !== undefined)
    validateCommonName(subject.common_name, `${where}.subject.common_name`, report);
  for (const [at, altName] of (subject.alt_names ?? []).entries())
    if (!isCertifiable(altName))
      report(
        problem(
          `${where}.subject.alt_names[${at}]`,
          `"${altName}" is neither a DNS name nor an address`,
          hintFor(altName),
        ),
      );
}

function validateCommonName(name: string, where: string, report: Report): void {
  if (name === "") report(problem(where, "must not be empty", "omit it to use the job's name"));
  else if (!isCertifiable(name))
    report(problem(where, `"${name}" is neither a DNS name nor an address`, hintFor(name)));
  else if (name.length > LONGEST_COMMON_NAME)
    report(
      problem(
        where,
        `is longer than ${LONGEST_COMMON_NAME} characters, the limit of a common name`,
        "put it under alt_names, and a shorter one here",
      ),
    );
}

function hintFor(name: string): string {
  const bare = name
    .trim()
    .replace(/^[a-z]+:\/\//i, "")
    .replace(/\/.*$/, "")
    .replace(/(?<!:[^:]*):\d+$/, "");
  if (bare !== name && isCertifiable(bare)) return `write "${bare}"`;
  return "use letters, digits and - separated by dots, such as db.example.com or *.example.com, or an address";
}

/** Warns about a file of the job that a certificate would replace on the workers. */
function validateFiles(job: Job, names: readonly string[], report: Report): void {
  const made = ["certs/ca.crt", ...names.flatMap((name) => [`certs/${name}.crt`, `certs/${name}.key`])];
  for (const { path } of job.files.filter((file) => made.includes(file.path)))
    report(
      warning(
        "file_replaced",
        `workspace/jobs/${job.name}/${path}`,
        "on workers the certificate replaces it",
        "delete the file, or move it to another directory",
      ),
    );
}

function unknownKeys(value: object, known: readonly string[], where: string, report: Report): void {
  for (const key of Object.keys(value).filter((name) => !known.includes(name)))
    report(
      warning(
        "unknown_key",
        `${where}.${key}`,
        `unknown key "${key}" is ignored`,
        didYouMean(key, known) ?? `valid keys: ${known.join(", ")}`,
      ),
    );
}

function problem(where: string, message: string, hint: string) {
  return error("invalid_certs", where, message, hint);
}
