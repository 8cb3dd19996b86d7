import { type Job, MaandError } from "@maand/core";
import { HEALTH_CHECK, type WrittenHealth } from "./schema.ts";

/** The number of checks of a job that run in parallel. */
export const CHECKS_AT_ONCE = 64;

/** One check for every active allocation. */
export type Check =
  | { readonly type: "tcp"; readonly port: string }
  | {
      readonly type: "http";
      readonly port: string;
      readonly path: string;
      readonly expectStatus: number;
      readonly scheme: "http" | "https";
    }
  | { readonly type: "ssh"; readonly command: string };

/** The health settings of a job, with defaults. */
export interface HealthSettings {
  readonly checks: readonly Check[];
  /** The timeout of one check in milliseconds, default 5,000. */
  readonly timeoutMs: number;
  /** Limits for waiting until a job is healthy; they also apply to jobs that have only health commands. */
  readonly wait: {
    /** Default 30. */
    readonly attempts: number;
    /** Default 1,000. */
    readonly intervalMs: number;
  };
}

/**
 * Reads `health_check` of a manifest; without it there are no checks. A number of zero or less means its default.
 * Throws PROBLEMS for everything that `validate` rejects, so that an invalid check never counts as healthy.
 */
export function readHealth(job: Pick<Job, "name" | "manifest">): HealthSettings {
  const written = HEALTH_CHECK.of(job);
  if (!written && job.manifest[HEALTH_CHECK.key] !== undefined) throw invalid(job.name, "it does not match the schema");
  const { checks = [], timeout_seconds, wait } = written ?? {};
  return {
    checks: checks.map((check) => resolve(job.name, check)),
    timeoutMs: milliseconds(timeout_seconds, 5),
    wait: {
      attempts: Math.ceil(positive(wait?.attempts, 30)),
      intervalMs: milliseconds(wait?.interval_seconds, 1),
    },
  };
}

/** One check as written. */
export type WrittenCheck = NonNullable<WrittenHealth["checks"]>[number];

/** A type of check, ignoring case and white space. */
export function typeOf({ type }: Pick<WrittenCheck, "type">): string {
  return type.trim().toLowerCase();
}

function resolve(job: string, written: WrittenCheck): Check {
  const { port = "", path = "/", command = "", expect_status = 200, scheme = "http" } = written;
  switch (typeOf(written)) {
    case "tcp":
      return { type: "tcp", port };
    case "http":
      return { type: "http", port, path, expectStatus: expect_status, scheme: scheme === "https" ? "https" : "http" };
    case "ssh":
      return { type: "ssh", command };
    default:
      throw invalid(job, `there is no check of type "${written.type}"`);
  }
}

/** The maximum delay of a timer, about 24 days. */
function milliseconds(seconds: number | undefined, whenUnset: number): number {
  return Math.min(positive(seconds, whenUnset) * 1000, 2 ** 31 - 1);
}

function positive(value: number | undefined, whenUnset: number): number {
  return value !== undefined && value > 0 ? value : whenUnset;
}

function invalid(job: string, reason: string): MaandError {
  return new MaandError({
    code: "PROBLEMS",
    message: `health_check of ${job} is invalid: ${reason}`,
    hint: "correct the manifest and run maand build",
  });
}
