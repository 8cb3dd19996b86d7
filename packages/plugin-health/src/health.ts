import { setTimeout } from "node:timers/promises";
import { definePlugin, type Job, type Plugin } from "@maand/core";
import { HEALTH_DESCRIPTION, HealthSchema, healthJsonSchema } from "./schema.ts";
import { validateHealth } from "./validate.ts";
import type { Sleep } from "./verify.ts";

export interface HealthOptions {
  /** How it pauses between attempts; default: a timer. For tests. */
  readonly sleep?: Sleep;
}

/** Asks jobs whether they are healthy, as `health_check` of their manifests says: tcp, http and ssh (deploy.md 5). */
export function health({ sleep = pause }: HealthOptions = {}): Plugin {
  return definePlugin({
    name: "health",
    claims: {
      health_check: { description: HEALTH_DESCRIPTION, schema: HealthSchema, jsonSchema: healthJsonSchema },
    },
    apply(hooks) {
      hooks.validate.tap("health", validateHealth);
      hooks.verify.tapPromise({ name: "health", concerns: isChecked }, async (context) => {
        const { verifyHealth } = await import("./verify.ts"); // with Node's http and tls, which a build needs none of
        await verifyHealth(context, sleep);
      });
    },
  });
}

function isChecked(job: Job): boolean {
  return "health_check" in job.manifest;
}

/** A signal of its own: many jobs listening to the run's would look like a leak to Node. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal: AbortSignal.any([signal]) });
}
