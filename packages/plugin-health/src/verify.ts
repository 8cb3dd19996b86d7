import { type HealthResult, MaandError, type VerifyContext } from "@maand/core";
import { ask, type Question } from "./ask.ts";
import { inParallel } from "./in-parallel.ts";
import { readHealth } from "./settings.ts";

/** Questions open at the same time. */
const AT_ONCE = 64;

/** Pauses for some milliseconds; may reject when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/**
 * Asks every check of every active allocation, once or until all pass (deploy.md 5), and reports the last answers.
 * Throws UNHEALTHY with every check that fails, and INTERRUPTED as soon as the run is interrupted.
 */
export async function verifyHealth(context: VerifyContext, sleep: Sleep): Promise<void> {
  const { job, active, signal } = context;
  const { checks, timeoutMs, wait } = readHealth(job);
  const questions = active.flatMap((allocation) => checks.map((check): Question => ({ check, allocation })));
  const attempts = context.wait ? wait.attempts : 1;
  for (let attempt = 1; questions.length > 0; attempt++) {
    stopIfInterrupted(context);
    const results = await inParallel(questions, AT_ONCE, (question) => ask(context, question, timeoutMs));
    stopIfInterrupted(context);
    const failing = results.filter((result) => !result.ok);
    if (failing.length === 0 || attempt >= attempts) return conclude(context, results, failing, attempts);
    context.log(`waiting for ${job.name} to be healthy (attempt ${attempt}/${attempts}): ${briefly(failing)}`);
    await sleep(wait.intervalMs, signal).catch((cause: unknown) => {
      stopIfInterrupted(context);
      throw cause;
    });
  }
}

function conclude(
  { job, report }: VerifyContext,
  results: readonly HealthResult[],
  failing: readonly HealthResult[],
  attempts: number,
): void {
  for (const result of results) report(result);
  if (failing.length === 0) return;
  const hosts = [...new Set(failing.map(({ host }) => host))];
  const tried = attempts > 1 ? ` after ${attempts} attempts` : "";
  throw new MaandError({
    code: "UNHEALTHY",
    message: `${job.name} is not healthy${tried}: ${failing.map(inWords).join("; ")}`,
    hint: `maand job status ${job.name} shows what runs; maand health_check --jobs ${job.name} asks again`,
    ...(hosts.length === 1 && hosts[0] !== undefined ? { worker: hosts[0] } : {}),
  });
}

function briefly(failing: readonly HealthResult[]): string {
  const more = failing.length > 1 ? ` (and ${failing.length - 1} more)` : "";
  return failing.slice(0, 1).map(inWords).join("") + more;
}

function inWords({ host, type, target, message }: HealthResult): string {
  return `${host}: ${type} ${target}: ${message}`;
}

function stopIfInterrupted({ job, signal }: VerifyContext): void {
  if (!signal.aborted) return;
  throw new MaandError({ code: "INTERRUPTED", message: `the health check of ${job.name} was interrupted` });
}
