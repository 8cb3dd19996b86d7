import type { ExecResult, RunOnceContext } from "@maand/core";
import type { RunnerPool } from "../runner/runner-pool.ts";
import { plainWords, runWithReceipt } from "./run-with-receipt.ts";

/**
 * Runs a command of another plugin's step through the runner, which keeps a receipt of it. Returns undefined if no
 * runner can be started, and throws as `Remote` does.
 */
export function runOnce(context: RunOnceContext, runners: RunnerPool): Promise<ExecResult | undefined> {
  const { job, step, command } = context;
  // other runners may have received a step that this run continues, and still need its receipt
  const forgets = step.resumes === null;
  return runWithReceipt(context, runners, { job: job.name, identity: plainWords(command).argv, forgets });
}
