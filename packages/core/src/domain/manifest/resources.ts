import { error, type Report } from "../checks/problem.ts";
import type { Job, Reservation } from "../workspace/job.ts";
import { NOWHERE, type Placed } from "../workspace/placement/placed.ts";
import { parseCpu, parseMemory, plainDecimal, sixDecimals } from "../workspace/resource-units.ts";
import type { Worker } from "../workspace/worker.ts";
import { WORKERS_FILE } from "../workspace/workers.ts";
import { manifestFile } from "./manifest.ts";

/** The override of one job: its `memory` and `cpu`, as written. */
export interface Override {
  /** `workspace/bucket.jobs.conf`, or the selected file. */
  readonly file: string;
  readonly memory?: string;
  readonly cpu?: string;
}

const KINDS = {
  memory: { parse: parseMemory, unit: "MB" },
  cpu: { parse: parseCpu, unit: "MHz" },
} as const;

/** A reservation, with its override if there is one, checked against the bounds of the manifest. */
export function overridden(
  job: string,
  kind: keyof typeof KINDS,
  base: Reservation,
  override: Override | undefined,
  report: Report,
): Reservation {
  const written = override?.[kind];
  if (override === undefined || written === undefined) return base;
  const where = `${override.file}: ${job}.${kind}`;
  const wanted = KINDS[kind].parse(written);
  if (wanted === undefined) {
    report(
      error(
        "invalid_bucket_conf",
        where,
        `"${written}" is not an amount of ${kind}`,
        kind === "memory" ? 'write it as "512 mb"' : 'write it as "500 mhz"',
      ),
    );
    return base;
  }
  const source = override.file.slice(override.file.lastIndexOf("/") + 1);
  if (base.max === 0) return { min: wanted, max: wanted, reserved: wanted, source };
  if (wanted < base.min || wanted > base.max) {
    const range = `${plainDecimal(base.min)} to ${plainDecimal(base.max)} ${KINDS[kind].unit}`;
    report(
      error(
        "unsupported_resources",
        where,
        `"${written}" is outside the range of the manifest, ${range}`,
        `change it, or resources.${kind} in ${manifestFile(job)}`,
      ),
    );
  }
  return { ...base, reserved: wanted, source };
}

/** Compares the reservations on each worker with its capacity, and reports every worker with too little. */
export function checkCapacity(jobs: readonly Job[], workers: readonly Worker[], placed: Placed, report: Report): void {
  const ofHosts = new Map<readonly string[], Amounts>();
  for (const { name, memory, cpu } of jobs) {
    const { active } = placed.get(name) ?? NOWHERE;
    if (memory.reserved === 0 && cpu.reserved === 0) continue;
    ofHosts.set(active, sumOf(ofHosts.get(active), { memory: memory.reserved, cpu: cpu.reserved }));
  }
  const used = new Map<string, Amounts>();
  for (const [hosts, amounts] of ofHosts) for (const host of hosts) used.set(host, sumOf(used.get(host), amounts));
  for (const worker of workers) {
    const sum = used.get(worker.host);
    if (!sum) continue;
    checkOne(worker.host, "memory", sum.memory, worker.memoryMb, report);
    checkOne(worker.host, "cpu", sum.cpu, worker.cpuMhz, report);
  }
}

interface Amounts {
  readonly memory: number;
  readonly cpu: number;
}

function sumOf(one: Amounts = { memory: 0, cpu: 0 }, other: Amounts): Amounts {
  return { memory: sixDecimals(one.memory + other.memory), cpu: sixDecimals(one.cpu + other.cpu) };
}

function checkOne(host: string, kind: keyof typeof KINDS, needed: number, available: number, report: Report): void {
  if (needed <= available) return;
  const { unit } = KINDS[kind];
  const where = `${WORKERS_FILE}: ${host}.${kind}`;
  const message =
    available > 0
      ? `its jobs need ${plainDecimal(needed)} ${unit}, but it has only ${plainDecimal(available)} ${unit}`
      : `its jobs need ${plainDecimal(needed)} ${unit}, but its capacity is not set`;
  report(
    error(
      "insufficient_resources",
      where,
      message,
      available > 0
        ? "place fewer jobs there, or lower what they reserve"
        : `run maand worker_facts -w ${host}, which reads and writes it, or write "${kind}" for this worker`,
    ),
  );
}

/** Reports jobs with fewer allocations than their `min_allocations_count`; disabled ones count. */
export function checkCounts(jobs: readonly Job[], placed: Placed, report: Report): void {
  for (const job of jobs) {
    const count = placed.get(job.name)?.members.length ?? 0;
    if (count >= job.minAllocationsCount) continue;
    report(
      error(
        "missing_allocations",
        `${manifestFile(job.name)}: min_allocations_count`,
        `job ${job.name} has ${count} ${count === 1 ? "allocation" : "allocations"} but needs ${job.minAllocationsCount}`,
        `label more workers with ${job.selectors.map((label) => `"${label}"`).join(" and ")}`,
      ),
    );
  }
}
