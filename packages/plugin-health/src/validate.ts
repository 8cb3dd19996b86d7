import { didYouMean, error, type Job, type Report, type ValidateContext, warning } from "@maand/core";
import { CHECK_TYPES, HEALTH_CHECK, KNOWN_KEYS, SCHEMES } from "./schema.ts";
import { typeOf, type WrittenCheck } from "./settings.ts";

/** Checks the `health_check` of every job: whether its checks can run, and its keys are known. */
export function validateHealth({ jobs, report }: Pick<ValidateContext, "jobs" | "report">): void {
  for (const job of jobs) {
    const written = HEALTH_CHECK.of(job);
    if (!written) continue; // absent, or already rejected by the claim's schema
    const where = `workspace/jobs/${job.name}/manifest.json: health_check`;
    const { checks = [], wait = {} } = written;
    unknownKeys(written, KNOWN_KEYS.health, where, report);
    unknownKeys(wait, KNOWN_KEYS.wait, `${where}.wait`, report);
    for (const [at, check] of checks.entries()) {
      unknownKeys(check, KNOWN_KEYS.check, `${where}.checks[${at}]`, report);
      validateCheck(job, check, `${where}.checks[${at}]`, report);
    }
  }
}

function validateCheck(job: Job, check: WrittenCheck, where: string, report: Report): void {
  switch (typeOf(check)) {
    case "tcp":
      validatePort(job, check, where, report);
      break;
    case "http":
      validatePort(job, check, where, report);
      validateHttp(check, where, report);
      break;
    case "ssh":
      if ((check.command ?? "").trim() === "")
        report(
          problem(
            `${where}.command`,
            "an ssh check needs a command",
            "write a command that exits with 0 on the worker",
          ),
        );
      break;
    default:
      report(problem(`${where}.type`, `there is no check of type "${check.type}"`, oneOf(check.type, CHECK_TYPES)));
  }
}

function validatePort({ ports }: Job, check: WrittenCheck, where: string, report: Report): void {
  const declared = Object.keys(ports).sort();
  const { port = "" } = check;
  if (Object.hasOwn(ports, port)) return;
  const message = port === "" ? `a check of type ${typeOf(check)} needs a port` : `port "${port}" is not declared`;
  const hint = declared.length === 0 ? "declare it under resources.ports" : oneOf(port, declared);
  report(problem(`${where}.port`, message, hint));
}

function validateHttp({ path = "/", scheme = "http" }: WrittenCheck, where: string, report: Report): void {
  if (!path.startsWith("/"))
    report(problem(`${where}.path`, `path "${path}" does not begin with /`, `write "/${path}"`));
  if (scheme !== "http" && scheme !== "https")
    report(problem(`${where}.scheme`, `there is no scheme "${scheme}"`, oneOf(scheme, SCHEMES)));
}

function unknownKeys(value: object, known: readonly string[], where: string, report: Report): void {
  for (const key of Object.keys(value).filter((name) => !known.includes(name)))
    report(warning("unknown_key", `${where}.${key}`, `unknown key "${key}" is ignored`, oneOf(key, known)));
}

function oneOf(word: string, known: readonly string[]): string {
  return didYouMean(word, known) ?? `use one of: ${known.join(", ")}`;
}

function problem(where: string, message: string, hint: string) {
  return error("invalid_health_check", where, message, hint);
}
