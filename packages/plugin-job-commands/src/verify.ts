import { setTimeout } from "node:timers/promises";
import { MaandError, type VerifyContext } from "@maand/core";
import type { CommandRuntime } from "./command-runtime.ts";
import { type CommandResult, tryEvent } from "./run-event.ts";
import { waitOf } from "./wait.ts";

/** The number of health commands of one job to run in parallel. */
const AT_ONCE = 10;

/** The number of failures in one message; the others are only counted. */
const MOST_NAMED = 10;

/**
 * Runs the `health_check` commands of a job for the allocations to check and for disabled ones, once or until all succeed,
 * within the limits of the manifest. Throws UNHEALTHY or INTERRUPTED.
 */
export async function verifyCommands(runtime: CommandRuntime, context: VerifyContext): Promise<void> {
  const { job, active, signal } = context;
  const checked = new Set(active.map(({ id }) => id));
  const allocations = context.allocations.filter(({ id, disabled }) => disabled || checked.has(id));
  const { attempts, intervalMs } = waitOf(job);
  context.checkEvery(intervalMs);
  const most = context.wait ? attempts : 1;
  for (let attempt = 1; ; attempt += 1) {
    const results = await tryEvent(runtime, { context, event: "health_check", allocations, concurrency: AT_ONCE });
    stopIfInterrupted(context);
    const failing = results.filter(({ failure }) => failure !== undefined);
    if (failing.length === 0 || attempt >= most) return conclude(context, results, failing, most);
    context.log(`waiting for ${job.name} to be healthy (attempt ${attempt}/${most}): ${failing[0]?.failure?.message}`);
    await setTimeout(intervalMs, undefined, { signal }).catch(() => undefined);
    stopIfInterrupted(context);
  }
}

function conclude(
  { job, report }: VerifyContext,
  results: readonly CommandResult[],
  failing: readonly CommandResult[],
  attempts: number,
): void {
  for (const { command, allocation, failure } of results) {
    const message = failure?.message ?? "succeeded";
    report({ host: allocation.host, type: "command", target: command, ok: failure === undefined, message });
  }
  if (failing.length === 0) return;
  const hosts = [...new Set(failing.map(({ allocation }) => allocation.host))];
  const tried = attempts > 1 ? ` after ${attempts} attempts` : "";
  throw new MaandError({
    code: "UNHEALTHY",
    message: `${job.name} is not healthy${tried}: ${inWords(failing)}`,
    hint: `maand health_check --jobs ${job.name} checks again`,
    output: failing[0]?.failure?.output ?? [],
    ...(hosts.length === 1 && hosts[0] !== undefined ? { worker: hosts[0] } : {}),
  });
}

/** The first failures; each is also reported separately. */
function inWords(failing: readonly CommandResult[]): string {
  const messages = failing.slice(0, MOST_NAMED).map(({ failure }) => failure?.message);
  return `${messages.join("; ")}${failing.length > MOST_NAMED ? ` (and ${failing.length - MOST_NAMED} more)` : ""}`;
}

function stopIfInterrupted({ job, signal }: VerifyContext): void {
  if (!signal.aborted) return;
  throw new MaandError({ code: "INTERRUPTED", message: `the health check of ${job.name} was interrupted` });
}
