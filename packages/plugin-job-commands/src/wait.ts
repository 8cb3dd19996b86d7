import type { Job } from "@maand/core";
import { isRecord } from "./is-record.ts";

/** How long somebody waits for a job to be healthy. */
export interface Wait {
  /** Default 30. */
  readonly attempts: number;
  /** Milliseconds between them, default 1,000. */
  readonly intervalMs: number;
}

/** `health_check.wait` of a manifest; what is zero, less or no number is its default (deploy.md 5). */
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
