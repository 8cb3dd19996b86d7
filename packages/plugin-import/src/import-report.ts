import { plural, type Style } from "@maand/command";
import type { Imported, ImportedAllocation } from "./imported.ts";

/** The result of an import as text. */
export function importLines(imported: Imported, style: Style, quiet: boolean): string[] {
  const { outcome, allocations, workers } = imported;
  if (outcome === "nothing to do") return ["nothing to import: all workers of this bucket are taken over"];
  const later = workers.filter((worker) => worker.later !== undefined);
  const details = quiet ? [] : [...headLines(imported), ...stateLines(allocations), ...meaninglessLines(allocations)];
  return [
    ...details,
    ...pendingLines(allocations),
    ...refusedLines(allocations, style),
    ...later.map(({ host, later: why }) => `${style.warn("later:")} ${host}: ${why}`),
    ...endLines(imported, later.length),
  ];
}

function headLines({ bucketId, updateSeq, counts }: Imported): string[] {
  const { workers, jobs, keys, versions, secrets, certificates } = counts;
  if (workers === 0) return [`bucket ${bucketId}`];
  return [
    `bucket ${bucketId}, update_seq ${updateSeq}`,
    `  ${plural(workers, "worker")}, ${plural(jobs, "job")}, ${plural(keys, "KV key")} with ${plural(versions, "version")}, ${plural(secrets, "secret")}, ${plural(certificates, "certificate")}`,
  ];
}

function stateLines(allocations: readonly ImportedAllocation[]): string[] {
  return jobsOf(allocations).map(([job, some]) => {
    const states = ["promoted", "disabled", "removed", "new"].flatMap((state) => {
      const hosts = some.filter((one) => one.state === state).map(({ host }) => host);
      return hosts.length === 0 ? [] : [`${state} on ${hosts.join(", ")}`];
    });
    return `  ${job} ${[...new Set(some.map(({ version }) => version))].join(", ")}: ${states.join("; ")}`;
  });
}

function meaninglessLines(allocations: readonly ImportedAllocation[]): string[] {
  const kinds = [...new Set(allocations.flatMap(({ meaningless }) => meaningless))].sort();
  if (kinds.length === 0) return [];
  return [`  different without effect, left unchanged until their job changes: ${kinds.join(", ")}`];
}

function pendingLines(allocations: readonly ImportedAllocation[]): string[] {
  const pending = allocations.filter((one) => one.pending.length > 0);
  return pending.map(({ job, host, pending: why }) => `  pending as before: ${job} on ${host}: ${why.join("; ")}`);
}

function refusedLines(allocations: readonly ImportedAllocation[], style: Style): string[] {
  return allocations.flatMap(({ job, host, refused }) =>
    refused.flatMap(({ path, why, diff }) => [
      `${style.warn("differs:")} ${job} on ${host}: ${path}: ${why}`,
      ...diff
        .trimEnd()
        .split("\n")
        .map((line) => `  ${line}`),
    ]),
  );
}

function endLines({ outcome, keptStore, allocations }: Imported, later: number): string[] {
  if (outcome === "refused") {
    const count = allocations.reduce((sum, { refused }) => sum + refused.length, 0);
    return [
      `nothing was imported: ${plural(count, "file")} would be rendered differently from the files on the workers`,
      "  next: check the diffs; --accept takes over the files unchanged, until their job changes",
    ];
  }
  const up = later === 1 ? "it is up" : "they are up";
  const rest = later === 0 ? [] : [`  ${plural(later, "worker")} remaining: run maand import again when ${up}`];
  if (outcome === "would import") return ["nothing was changed (dry run); no job would be restarted", ...rest];
  const kept = keptStore === "" ? [] : [`  the old store is kept: ${keptStore}`];
  return ["imported; no job was restarted", ...kept, ...rest, "  next: maand deploy --dry-run"];
}

function jobsOf(allocations: readonly ImportedAllocation[]): [string, ImportedAllocation[]][] {
  const jobs = new Map<string, ImportedAllocation[]>();
  for (const one of allocations) jobs.set(one.job, [...(jobs.get(one.job) ?? []), one]);
  return [...jobs].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The result of an import as JSON. */
export function importRecord({ outcome, bucketId, updateSeq, counts, workers, allocations, keptStore }: Imported) {
  return {
    outcome: outcome.replaceAll(" ", "_"),
    bucket_id: bucketId,
    update_seq: updateSeq,
    ...counts,
    workers: workers.map(({ host, updateSeq: seq, later }) => ({
      worker_ip: host,
      update_seq: seq ?? null,
      later: later ?? null,
    })),
    allocations: allocations.map(({ job, host, version, state, isCompared, meaningless, pending, refused }) => ({
      job,
      worker_ip: host,
      version,
      state,
      compared: isCompared,
      meaningless,
      pending,
      differences: refused,
    })),
    kept_store: keptStore === "" ? null : keptStore,
  };
}
