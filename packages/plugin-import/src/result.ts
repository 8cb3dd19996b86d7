import type { Problem } from "@maand/core";
import { isSecret } from "@maand/core/internal";
import type { Run } from "@maand/core/operator";
import { type Assessed, versionOf } from "./compare/assess.ts";
import type { Fleet } from "./compare/compare-fleet.ts";
import type { GoBucket } from "./go-store/go-bucket.ts";
import type { Imported, ImportedAllocation, ImportedWorker } from "./imported.ts";
import { refusedFiles } from "./refused-files.ts";

/** The part of the result that follows from the comparison. */
export async function importedOf(
  run: Run,
  go: GoBucket,
  fleet: Fleet,
  problems: readonly Problem[],
  { dryRun, accept }: { readonly dryRun: boolean; readonly accept: boolean },
): Promise<Imported> {
  const allocations = await Promise.all(fleet.assessed.map((one) => importedAllocation(run, one)));
  const isRefused = !accept && allocations.some(({ refused }) => refused.length > 0);
  return {
    outcome: isRefused ? "refused" : dryRun ? "would import" : "imported",
    bucketId: go.id,
    updateSeq: go.updateSeq,
    counts: countsOf(go),
    workers: workersOf(fleet),
    allocations,
    problems,
    keptStore: "",
  };
}

/** The workers that were read, and those that are taken over later. */
export function workersOf({ read, later }: Pick<Fleet, "read" | "later">): ImportedWorker[] {
  return [
    ...[...read].map(([host, { updateSeq }]) => ({ host, updateSeq, later: undefined })),
    ...[...later].map(([host, why]) => ({ host, updateSeq: undefined, later: why })),
  ].sort((a, b) => (a.host < b.host ? -1 : 1));
}

async function importedAllocation(run: Run, one: Assessed): Promise<ImportedAllocation> {
  const { allocation, job, isCompared, compared, pending } = one;
  return {
    job: job.name,
    host: allocation.host,
    version: one.state.kind === "never deployed" ? job.version : versionOf(one),
    state: stateOf(one),
    isCompared,
    meaningless: [...compared.meaningless],
    pending,
    refused: await refusedFiles(run, one),
  };
}

function stateOf({ allocation, state }: Assessed): ImportedAllocation["state"] {
  if (allocation.removed) return "removed";
  if (allocation.disabled) return "disabled";
  return state.kind === "deployed" ? "promoted" : "new";
}

function countsOf(go: GoBucket): Imported["counts"] {
  const newest = new Map(go.kv.map((row) => [`${row.namespace} ${row.key}`, row]));
  const live = [...newest.values()].filter(({ deleted }) => !deleted);
  const certificates = live.filter(
    ({ key }) => key.startsWith("certs/") && key.endsWith(".crt") && key !== "certs/ca.crt",
  );
  return {
    workers: go.workers.length,
    jobs: go.jobs.length,
    allocations: go.allocations.length,
    keys: newest.size,
    versions: go.kv.length,
    secrets: live.filter(({ namespace, key }) => isSecret(namespace, key) && !key.startsWith("certs/")).length,
    certificates: certificates.length,
  };
}
