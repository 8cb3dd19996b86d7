import type { ExecResult, WorkerCommandContext } from "@maand/core";
import type { RunnerPool } from "../runner/runner-pool.ts";
import { ENDING_MS } from "../runner-program.ts";
import { plainWords, runWithReceipt } from "./run-with-receipt.ts";

/** Represents the worker itself where the runner expects a job; no job can have this name. */
const WHOLE_WORKER = "+worker";

/** How long the tap may show no activity: as long as its command may run. */
export function patienceOf({ command }: WorkerCommandContext): number {
  return command.timeoutMs + 2 * ENDING_MS;
}

/**
 * Runs a maintenance command through the runner, which keeps a receipt of it. The command continues if this run is
 * interrupted. Returns undefined if no runner can be started, and throws as `Remote` does.
 */
export function runOnWorker(context: WorkerCommandContext, runners: RunnerPool): Promise<ExecResult | undefined> {
  const { argv, env } = plainWords(context.command);
  const identity = [argv, env];
  return runWithReceipt(context, runners, { job: WHOLE_WORKER, identity, forgets: true, outlivesRun: true });
}
