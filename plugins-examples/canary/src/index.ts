import { setTimeout as pause } from "node:timers/promises";
import { defineClaim, definePlugin, MaandError, type Plugin } from "@maand/core";
import * as v from "valibot";

const seconds = (min: number) => v.pipe(v.number("must be a number"), v.minValue(min, `must be at least ${min}`));

const CANARY = defineClaim("canary", {
  description: "Upgrade one allocation first and watch its health.",
  schema: v.object({
    soak_seconds: v.pipe(seconds(0), v.description("Seconds to watch the first upgraded allocation.")),
    interval_seconds: v.optional(
      v.pipe(seconds(0.01), v.description("Seconds between two health checks; default 5.")),
      5,
    ),
  }),
});

/**
 * Upgrades a job whose manifest has `"canary": { "soak_seconds": 300 }` on one worker first, checks the job's health
 * repeatedly during these seconds, and then continues with the other workers. The first failed check ends the rollout.
 */
export function canary(): Plugin {
  return definePlugin({
    name: "canary",
    claims: { canary: CANARY },
    apply({ orchestrate }) {
      orchestrate.tapPromise("canary", async (context) => {
        const { job, newAllocations, updatedAllocations, rollOut, checkHealth, log, signal } = context;
        const wanted = CANARY.of(job);
        const [first, ...others] = updatedAllocations;
        if (!wanted || first === undefined || others.length === 0) return undefined;
        await rollOut([...newAllocations, first]);
        log(`${job.name} ${job.version} on ${first} is watched for ${wanted.soak_seconds} s`);
        const checks = Math.ceil(wanted.soak_seconds / wanted.interval_seconds);
        for (let check = 0; check < checks; check++) {
          await waitFor(wanted.interval_seconds * 1000, signal);
          await checkHealth();
        }
        log(`${job.name} ${job.version} is healthy on ${first}; ${others.length} more to go`);
        return undefined; // the remaining allocations are rolled out in batches, as usual
      });
    },
  });
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => {
    throw new MaandError({ code: "INTERRUPTED", message: "interrupted while the first allocation was watched" });
  });
}

export default canary;
