import { setTimeout } from "node:timers/promises";
import { definePlugin, type Job, type Plugin } from "@maand/core";
import { HEALTH_DESCRIPTION, HealthSchema, healthJsonSchema } from "./schema.ts";
import { validateHealth } from "./validate.ts";
import type { Sleep } from "./verify.ts";

export interface HealthOptions {
  /** The pause between attempts; default: a timer. For tests. */
  readonly sleep?: Sleep;
}

/** Checks the health of jobs by the `health_check` of their manifests: tcp, http and ssh. */
export function health({ sleep = pause }: HealthOptions = {}): Plugin {
  return definePlugin({
    name: "health",
    claims: {
      health_check: { description: HEALTH_DESCRIPTION, schema: HealthSchema, jsonSchema: healthJsonSchema },
    },
    apply(hooks) {
      hooks.validate.tap("health", validateHealth);
      hooks.verify.tapPromise({ name: "health", concerns: isChecked }, async (context) => {
        const { verifyHealth } = await import("./verify.ts"); // loads Node's http and tls, which a build does not need
        await verifyHealth(context, sleep);
      });
    },
  });
}

function isChecked(job: Job): boolean {
  return "health_check" in job.manifest;
}

/** A signal of its own: a listener per job on the run's signal would look like a leak to Node. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal: AbortSignal.any([signal]) });
}
