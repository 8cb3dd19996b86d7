import { setTimeout } from "node:timers/promises";
import { definePlugin, type Job, type Plugin, type VerifyContext } from "@maand/core";
import { HEALTH_CHECK } from "./schema.ts";
import { CHECKS_AT_ONCE, readHealth } from "./settings.ts";
import { validateHealth } from "./validate.ts";
import type { Sleep } from "./verify.ts";

export interface HealthOptions {
  /** Waits between attempts; default: a timer. Tests replace it. */
  readonly sleep?: Sleep;
}

/** Checks the health of jobs according to `health_check` in their manifests: tcp, http and ssh. */
export function health({ sleep = pause }: HealthOptions = {}): Plugin {
  return definePlugin({
    name: "health",
    claims: { health_check: HEALTH_CHECK },
    apply(hooks) {
      hooks.validate.tap("health", validateHealth);
      hooks.verify.tapPromise({ name: "health", concerns: isChecked, limitMs: roundLimitMs }, async (context) => {
        const { verifyHealth } = await import("./verify.ts"); // loaded here because it loads Node's http and tls, which a build does not need
        await verifyHealth(context, sleep);
      });
    },
  });
}

/** Extra time for a tap beyond one round of checks and the following pause; each round is logged. */
const AROUND_MS = 60_000;

/** The longest time between two rounds of checks. */
function roundLimitMs({ job, active }: VerifyContext): number {
  const { checks, timeoutMs, wait } = readHealth(job);
  const rounds = Math.ceil((checks.length * active.length) / CHECKS_AT_ONCE);
  return rounds * timeoutMs + wait.intervalMs + AROUND_MS;
}

function isChecked(job: Job): boolean {
  return HEALTH_CHECK.key in job.manifest;
}

/** Waits. Uses a separate signal, because a listener per job on the run's signal would look like a leak to Node. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal: AbortSignal.any([signal]) });
}
