import type { Job } from "@maand/core";
import { isRecord } from "./is-record.ts";

/** The limits for waiting until a job is healthy. */
export interface Wait {
  /** Default 30. */
  readonly attempts: number;
  /** The time between attempts in milliseconds, default 1,000. */
  readonly intervalMs: number;
}

/** Reads `health_check.wait` of a manifest; a value of zero or less, or that is not a number, means its default. */
export function waitOf({ manifest }: Pick<Job, "manifest">): Wait {
  const wait = isRecord(manifest.health_check) ? manifest.health_check.wait : undefined;
  const { attempts, interval_seconds: seconds } = isRecord(wait) ? wait : {};
  return {
    attempts: Math.ceil(positive(attempts, 30)),
    intervalMs: Math.min(positive(seconds, 1) * 1000, 2 ** 31 - 1),
  };
}

function positive(value: unknown, whenUnset: number): number {
  return typeof value === "number" && value > 0 ? value : whenUnset;
}
