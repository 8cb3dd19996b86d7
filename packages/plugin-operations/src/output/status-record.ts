import type { BucketStatus, StatusUnit } from "../status/bucket-status.ts";
import { findingsOf } from "../status/findings.ts";
import { jobStates } from "../status/job-states.ts";

/** The status of a bucket, as `maand status --json` prints it. */
export function statusRecord(status: BucketStatus, now: Date) {
  const { workers, jobs, allocations, leftBehind, drained, unbuilt, running, lastRun, maintenance } = status;
  return {
    ...{ workers, jobs, allocations },
    left_behind: leftBehind.map(({ host, since, lastAt, reason, times }) => ({
      ...{ worker_ip: host, since, last_at: lastAt, reason, times },
    })),
    pending: units(status.pending),
    in_doubt: units(status.inDoubt),
    unhealthy: units(status.unhealthy),
    drained,
    unbuilt,
    drifted: status.drifted.map(({ job, host, reason }) => ({ job, worker_ip: host, reason })),
    held: status.held.map(({ job, text }) => ({ job, text })),
    rollouts: status.rollouts.map(({ job, release, state, text }) => ({ job, release, state, text })),
    maintenance: maintenance?.text ?? null,
    certificates: status.certificates.map(({ job, worker, cert, daysLeft }) => ({
      ...{ job, worker, cert, days_left: daysLeft },
    })),
    running: running ? { command: running.command, pid: running.pid, since: running.since } : null,
    last_run: lastRun ? { command: lastRun.command, outcome: lastRun.outcome, started_at: lastRun.startedAt } : null,
    attention: findingsOf(status, now).map(({ kind, level, texts, next }) => ({
      ...{ kind: kind.replace(" ", "_"), level, texts, next: next?.split("  # ")[0] ?? null },
    })),
    job_states: jobStates(status.deployments).map(({ job, versions, target, states }) => ({
      ...{ job, running: versions, target, states: Object.fromEntries(states) },
    })),
  };
}

function units(rows: readonly StatusUnit[]) {
  return rows.map(({ job, host, state }) => ({ job, worker_ip: host, state }));
}
