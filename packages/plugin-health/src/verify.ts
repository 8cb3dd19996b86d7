import { type HealthResult, MaandError, type VerifyContext } from "@maand/core";
import { inParallel } from "./in-parallel.ts";
import { probe, type Question } from "./probe.ts";
import { CHECKS_AT_ONCE, readHealth } from "./settings.ts";

/** Waits; may reject when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/**
 * Runs every check of every active allocation, once or until all pass, and reports the last results. Throws UNHEALTHY
 * with the first failed checks, and INTERRUPTED as soon as the run is interrupted.
 */
export async function verifyHealth(context: VerifyContext, sleep: Sleep): Promise<void> {
  const { job, active, signal } = context;
  const { checks, timeoutMs, wait } = readHealth(job);
  const questions = active.flatMap((allocation) => checks.map((check): Question => ({ check, allocation })));
  context.checkEvery(wait.intervalMs);
  const attempts = context.wait ? wait.attempts : 1;
  let before: ReadonlySet<string> = new Set();
  for (let attempt = 1; questions.length > 0; attempt++) {
    stopIfInterrupted(context);
    const results = await inParallel(questions, CHECKS_AT_ONCE, (question) => probe(context, question, timeoutMs));
    stopIfInterrupted(context);
    const failing = results.filter((result) => !result.ok);
    if (failing.length === 0 || attempt >= attempts) return conclude(context, results, failing, attempts);
    for (const what of news(failing, before))
      context.log(`waiting for ${job.name} to be healthy (attempt ${attempt}/${attempts}): ${what}`);
    before = new Set(failing.map(inWords));
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
    message: `${job.name} is not healthy${tried}: ${firstOf(failing.map(inWords)).join("; ")}`,
    hint: `maand job status ${job.name} shows what runs; maand health_check --jobs ${job.name} checks again`,
    ...(hosts.length === 1 && hosts[0] !== undefined ? { worker: hosts[0] } : {}),
  });
}

/** The number of checks listed per attempt and at the end; the others are only counted. */
const MOST_NAMED = 10;

/**
 * Prints a line for each check with a new failure, and one line for the unchanged ones, so that a long wait stays
 * readable.
 */
function news(failing: readonly HealthResult[], before: ReadonlySet<string>): string[] {
  const all = failing.map(inWords);
  const fresh = all.filter((words) => !before.has(words));
  if (fresh.length === 0) return [`${all[0]}${more(all.length - 1)}`];
  return firstOf(fresh);
}

function firstOf(all: readonly string[]): string[] {
  return [
    ...all.slice(0, MOST_NAMED - 1),
    ...all.slice(MOST_NAMED - 1, MOST_NAMED).map((last) => `${last}${more(all.length - MOST_NAMED)}`),
  ];
}

function more(count: number): string {
  return count > 0 ? ` (and ${count} more)` : "";
}

function inWords({ host, type, target, message }: HealthResult): string {
  return `${host}: ${type} ${target}: ${message}`;
}

function stopIfInterrupted({ job, signal }: VerifyContext): void {
  if (!signal.aborted) return;
  throw new MaandError({ code: "INTERRUPTED", message: `the health check of ${job.name} was interrupted` });
}
