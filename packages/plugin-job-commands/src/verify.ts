import { setTimeout } from "node:timers/promises";
import { MaandError, type VerifyContext } from "@maand/core";
import type { CommandRuntime } from "./command-runtime.ts";
import { ShownOutput } from "./process/shown-output.ts";
import { type CommandResult, failuresInWords, tryEvent } from "./run-event.ts";
import { waitOf } from "./wait.ts";

/** The maximum number of health commands of one job that run in parallel. */
const AT_ONCE = 10;

/**
 * Runs the `health_check` commands of a job, once or until all succeed within the limits of the manifest. Runs them for
 * the allocations to check and for disabled allocations. Throws UNHEALTHY or INTERRUPTED.
 */
export async function verifyCommands(runtime: CommandRuntime, context: VerifyContext): Promise<void> {
  const { job, active, signal } = context;
  const checked = new Set(active.map(({ id }) => id));
  const allocations = context.allocations.filter(({ id, disabled }) => disabled || checked.has(id));
  const { attempts, intervalMs } = waitOf(job);
  context.checkEvery(intervalMs);
  const most = context.wait ? attempts : 1;
  const run = { context, event: "health_check", allocations, concurrency: AT_ONCE, shown: new ShownOutput() } as const;
  for (let attempt = 1; ; attempt += 1) {
    const results = await tryEvent(runtime, run);
    stopIfInterrupted(context);
    const failing = results.filter(({ failure }) => failure !== undefined);
    if (failing.length === 0 || attempt >= most) return conclude(context, results, failing, most);
    context.log(`waiting for ${job.name} to be healthy (attempt ${attempt}/${most}): ${failuresInWords(failing)}`);
    await setTimeout(intervalMs, undefined, { signal }).catch(() => undefined);
    stopIfInterrupted(context);
  }
}

function conclude(
  { job, active, report }: VerifyContext,
  results: readonly CommandResult[],
  failing: readonly CommandResult[],
  attempts: number,
): void {
  for (const { command, allocation, once, failure } of results) {
    const message = failure?.message ?? "succeeded";
    const hosts = once ? active.map(({ host }) => host) : [allocation.host]; // with `once`, the result counts for all active allocations
    for (const host of hosts) report({ host, type: "command", target: command, ok: failure === undefined, message });
  }
  if (failing.length === 0) return;
  const unhealthy = failing.flatMap(({ allocation, once }) => (once ? active : [allocation]));
  const hosts = [...new Set(unhealthy.map(({ host }) => host))];
  const tried = attempts > 1 ? ` after ${attempts} attempts` : "";
  throw new MaandError({
    code: "UNHEALTHY",
    message: `${job.name} is not healthy${tried}: ${failuresInWords(failing)}`,
    hint: `maand health_check --jobs ${job.name} checks again`,
    ...(hosts.length === 1 && hosts[0] !== undefined ? { worker: hosts[0] } : {}),
  });
}

function stopIfInterrupted({ job, signal }: VerifyContext): void {
  if (!signal.aborted) return;
  throw new MaandError({ code: "INTERRUPTED", message: `the health check of ${job.name} was interrupted` });
}
