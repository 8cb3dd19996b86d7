import { nameUuid } from "../workspace/identity.ts";
import type { Job } from "../workspace/job.ts";
import { plainDecimal } from "../workspace/resource-units.ts";
import type { KvEntries } from "./entries.ts";

/** The prefix of the keys of `maand/job/<job>` that contain its ports. */
export const PORT_KEY = "port_";

/**
 * The entries of `maand/job/<job>`. `active` are the hosts of the job's active allocations, in worker order; `workers`
 * are the same hosts as one string.
 */
export function jobEntries(job: Job, active: readonly string[], workers: string): KvEntries {
  const entries = new Map([
    ["name", job.name],
    ["job_id", nameUuid(job.name)],
    ["job_name", job.name],
    ["version", job.version],
    ["selectors", job.selectors.join(",")],
    ["min_memory_mb", plainDecimal(job.memory.min)],
    ["max_memory_mb", plainDecimal(job.memory.max)],
    ["memory", plainDecimal(job.memory.reserved)],
    ["min_cpu_mhz", plainDecimal(job.cpu.min)],
    ["max_cpu_mhz", plainDecimal(job.cpu.max)],
    ["cpu", plainDecimal(job.cpu.reserved)],
    ["workers", workers],
    ["workers_length", String(active.length)],
    // a hook may set another order; the next build resets it
    ["rollout_order", workers],
  ]);
  for (const [name, port] of Object.entries(job.ports)) entries.set(`${PORT_KEY}${name}`, String(port));
  return entries;
}
