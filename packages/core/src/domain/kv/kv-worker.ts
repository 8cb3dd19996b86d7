import { nameUuid } from "../workspace/identity.ts";
import { plainDecimal } from "../workspace/resource-units.ts";
import type { Worker } from "../workspace/worker.ts";
import type { KvEntries } from "./entries.ts";

/** The entries of `maand/worker`: the hosts of each label, in worker order. */
export function labelEntries(workers: readonly Worker[]): KvEntries {
  const labelled = new Map<string, string[]>();
  for (const { host, labels } of workers) {
    for (const label of labels) {
      const hosts = labelled.get(label);
      if (hosts) hosts.push(host);
      else labelled.set(label, [host]);
    }
  }
  const entries = new Map<string, string>();
  for (const [label, hosts] of labelled) {
    entries
      .set(`${label}_workers`, hosts.join(","))
      .set(`${label}_workers_length`, String(hosts.length))
      .set(`${label}_label_id`, nameUuid(label));
  }
  return entries;
}

/**
 * The entries of `maand/worker/<host>`: facts about a worker. `activeJobs` are the names of its active jobs, sorted and
 * separated by commas.
 */
export function workerEntries(worker: Worker, activeJobs: string): KvEntries {
  const entries = new Map([
    ["worker_ip", worker.host],
    ["worker_id", worker.workerId],
    ["labels", worker.labels.join(",")],
    ["position", String(worker.position)],
    ["worker_memory_mb", plainDecimal(worker.memoryMb)],
    ["worker_cpu_mhz", plainDecimal(worker.cpuMhz)],
    ["jobs", activeJobs],
  ]);
  return worker.hostname === undefined ? entries : entries.set("hostname", worker.hostname);
}
