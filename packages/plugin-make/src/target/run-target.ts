import { Cutoff } from "../runner/cutoff.ts";
import { RunnerClient } from "../runner/runner-client.ts";
import { fenceFields, fenceVariable, refusedByFence } from "../runner/runner-fence.ts";
import type { RunnerPool } from "../runner/runner-pool.ts";
import { ENDING_MS, RUNNER_EXIT, runnerCommand, STEP_VARIABLE } from "../runner-program.ts";
import { cutOffBy, forgetReceipt, type OnLine, requestCommand } from "./request-command.ts";
import { cannotStart, cutOff, failure, type Unit } from "./target-errors.ts";

/** Number of output lines that an error shows. */
const LINES = 12;

/**
 * Runs one target of a job's Makefile on one worker, through the runner there. Throws TIMED_OUT, INTERRUPTED,
 * DISCONNECTED, NOT_DELIVERED, WORKER_LACKS or COMMAND_FAILED, with the last lines of output in the order of arrival.
 */
export async function runTarget(unit: Unit, target: string, runners: RunnerPool): Promise<void> {
  const last: string[] = [];
  // other runners may have received a step that this run continues, and still need its receipt
  const { remote, job, step } = unit;
  if (step?.resumes === null) step.onSettled(() => forgetReceipt(remote, job.name, step.id, runners));
  const code = await exitCode(unit, target, runners, (line, stream) => {
    unit.log(line, { stream });
    if (last.push(line) > LINES) last.shift();
  }).catch((cause: unknown) => {
    throw cutOff(unit, target, last, cause);
  });
  if (code === RUNNER_EXIT.fenced) throw refusedByFence(remote, last);
  if (code !== 0) throw failure(unit, target, last, code);
}

/** Runs it through the worker's serving runner, or with the delivered runner if no serving runner can be started. */
async function exitCode(unit: Unit, target: string, runners: RunnerPool, onLine: OnLine): Promise<number> {
  const cutoff = new Cutoff(unit.signal);
  try {
    const runner = await runners.ready(unit.remote, unit.bucket.id, cutoff, unit.timeoutMs + ENDING_MS);
    if (typeof runner === "string") throw cutOffBy(unit.remote.host, runner);
    if (runner instanceof RunnerClient) return await requestTarget(unit, target, runner, cutoff, onLine);
    const known = cannotStart(unit.remote.host, runner.errorText);
    if (known) throw known;
  } finally {
    cutoff.close();
  }
  return runDelivered(unit, target, runners.program, onLine);
}

function requestTarget(
  { remote, env, timeoutMs, job, step, backPressure }: Unit,
  target: string,
  runner: RunnerClient,
  cutoff: Cutoff,
  onLine: OnLine,
): Promise<number> {
  const named = step && { step: step.id, voids: step.replaces };
  const fence = target === "status" ? {} : fenceFields(remote, runner);
  const request = { target, job: job.name, timeout: timeoutMs / 1000, env, ...named, ...fence };
  return requestCommand(remote, request, runner, cutoff, onLine, { backPressure });
}

/** Runs a separate process for this target. */
async function runDelivered(unit: Unit, target: string, program: string, onLine: OnLine): Promise<number> {
  const { remote, signal, timeoutMs, bucket, job, step } = unit;
  const named = step ? { [STEP_VARIABLE]: [step.id, ...step.replaces].join(" ") } : {};
  const env = { ...unit.env, ...named, ...(target === "status" ? {} : fenceVariable(remote)) };
  const command = runnerCommand(remote, { bucketId: bucket.id, target, job: job.name, program, timeoutMs });
  const ending = { stopWord: "end\n", graceMs: ENDING_MS, timeoutMs: timeoutMs + ENDING_MS };
  const { code } = await remote.probe(command, { env, signal, asRoot: true, ...ending, onLine });
  return code;
}
