import { join } from "node:path";
import { releaseName } from "../../domain/release/release.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { Ledger } from "../../run/ledger.ts";
import { type Run, recordedStateOf } from "../../run/run.ts";

/**
 * The run of a revert. It shares the journal, connections and events of the failed run. It reads the current catalog
 * and recorded state, and has its own results. It also has its own directory, because the directory of the failed run
 * contains the trees of the failed release.
 */
export function revertRun(run: Run, job: string): Run {
  return {
    ...run,
    ...recordedStateOf(run.bucket),
    cause: "revert",
    ledger: new Ledger(),
    tmp: join(run.tmp, `revert-${job}`),
  };
}

/** Lists what runs on which worker: `now running: r12 on 10.0.0.1; unknown on 10.0.0.2`. */
export function runningText({ bucket, allocationsOf }: Run, { name }: Job): string {
  const recorded = bucket.store.promoted.recorded();
  const states = new Map<string, string[]>();
  for (const { id, host, disabled } of allocationsOf.get(name) ?? []) {
    if (disabled) continue;
    const { promoted, unsettled } = recorded.get(id) ?? {};
    const state = unsettled ? "unknown" : promoted ? runs(promoted.release, promoted.version) : "nothing";
    states.set(state, [...(states.get(state) ?? []), host]);
  }
  return `now running: ${[...states].map(([state, hosts]) => `${state} on ${hosts.join(", ")}`).join("; ")}`;
}

function runs(release: number | undefined, version: string): string {
  return release === undefined ? version : `${releaseName(release)} (${version})`;
}
