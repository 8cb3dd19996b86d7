import { type Job, MaandError } from "@maand/core";
import * as v from "valibot";
import { HealthSchema, type WrittenHealth } from "./schema.ts";

/** One thing to look at on every active allocation. */
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

/** What a job says of its health, with every default filled in. */
export interface HealthSettings {
  readonly checks: readonly Check[];
  /** Time limit of one check, default 5,000. */
  readonly timeoutMs: number;
  /** For those who wait until a job is healthy; holds for jobs with commands only, too (D33). */
  readonly wait: {
    /** Default 30. */
    readonly attempts: number;
    /** Default 1,000. */
    readonly intervalMs: number;
  };
}

/**
 * What `health_check` of a manifest means (deploy.md 5); without it: no checks, and the defaults. A number that is zero
 * or less is its default. Throws PROBLEMS for what `validate` refuses, so that it is never taken for healthy.
 */
export function readHealth(job: Pick<Job, "name" | "manifest">): HealthSettings {
  const written = job.manifest.health_check ?? {};
  const { success, output, issues } = v.safeParse(HealthSchema, written);
  if (!success) throw invalid(job.name, issues[0].message);
  return {
    checks: (output.checks ?? []).map((check) => resolve(job.name, check)),
    timeoutMs: milliseconds(output.timeout_seconds, 5),
    wait: {
      attempts: Math.ceil(positive(output.wait?.attempts, 30)),
      intervalMs: milliseconds(output.wait?.interval_seconds, 1),
    },
  };
}

/** One check as it is written. */
export type WrittenCheck = NonNullable<WrittenHealth["checks"]>[number];

/** A type of check as everybody writes it: any case, blanks around it. */
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

/** A timer takes no more than some 24 days. */
function milliseconds(seconds: number | undefined, whenUnset: number): number {
  return Math.min(positive(seconds, whenUnset) * 1000, 2 ** 31 - 1);
}

function positive(value: number | undefined, whenUnset: number): number {
  return value !== undefined && value > 0 ? value : whenUnset;
}

function invalid(job: string, reason: string): MaandError {
  return new MaandError({
    code: "PROBLEMS",
    message: `health_check of ${job} cannot be understood: ${reason}`,
    hint: "correct the manifest and run maand build",
  });
}
