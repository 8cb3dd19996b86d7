import type { FileDrift } from "@maand/core/toolbox";
import type { DriftReport, JobDrift, WorkerDrift } from "../drift/drift.ts";

/** A drift report as JSON. */
export function driftRecord({ workers, pending, isDrifted, isIncomplete }: DriftReport) {
  return {
    drifted: isDrifted,
    pending: pending.length > 0,
    incomplete: isIncomplete,
    workers: workers.map(workerRecord),
    changes: pending.map(({ job, host, action, reason }) => ({ job, worker_ip: host ?? null, action, reason })),
  };
}

function workerRecord({ host, state, problem, isLost, metadata, jobs }: WorkerDrift) {
  return {
    worker_ip: host,
    state,
    message: problem?.message ?? null,
    hint: problem?.hint ?? null,
    lost: isLost,
    metadata: metadata.map(fileRecord),
    jobs: jobs.map(jobRecord),
  };
}

function jobRecord({ job, state, reason, isGone, files, hasMore, diffs, status, repairs }: JobDrift) {
  return {
    job,
    state,
    message: reason ?? null,
    gone: isGone,
    files: files.map((file) => ({ ...fileRecord(file), diff: diffs.get(file.path) ?? null })),
    more: hasMore,
    status: status ? { ok: status.isOk, message: status.message } : null,
    repairs,
  };
}

function fileRecord({ path, change, detail }: FileDrift) {
  return { path, change, detail: detail ?? null };
}
