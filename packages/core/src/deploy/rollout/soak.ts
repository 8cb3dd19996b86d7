import { setTimeout } from "node:timers/promises";
import { asMaandError } from "../../bucket/error-outcome.ts";
import { stopIfInterrupted } from "../../bucket/interruption.ts";
import { stepName } from "../../domain/rollout/open-rollout.ts";
import { MaandError } from "../../errors.ts";
import { isTapped } from "../../plugin-api/tapping/tap-by-name.ts";
import type { JobRollout } from "./job-rollout.ts";
import { runRound } from "./run-round.ts";

/** The maximum delay of one timer. A longer wait uses several timers. */
const DAY_MS = 86_400_000;

/** Waits, independently of changes to the system clock. Throws INTERRUPTED immediately if the run is interrupted. */
export async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  for (let left = ms; left > 0; left -= DAY_MS)
    await setTimeout(Math.min(left, DAY_MS), undefined, { signal: AbortSignal.any([signal]) }).catch(() => undefined);
  stopIfInterrupted(signal);
}

/**
 * After a step, repeatedly checks the health of the allocations that run the release, for the time that the manifest
 * sets. A single failed check makes the step fail. A job without health checks has no soak.
 */
export async function soak(part: JobRollout, at: number): Promise<void> {
  const { run, job, plan, rounds, isPart } = part;
  const { steps = [], soakSeconds = 0 } = job.rollout ?? {};
  if (soakSeconds === 0 || !isTapped(run.bucket.hooks.verify, job)) return;
  run.reporter.emit("rollout.soaking", { job: job.name, step: at + 1, steps: steps.length, seconds: soakSeconds });
  const released = plan.allocations.filter(({ allocation }) => !allocation.disabled);
  if (rounds.flat().length === 0) rounds.push(released); // an earlier run rolled it out, and ended before the soak was over
  const begun = performance.now();
  const passed = () => performance.now() - begun;
  for (;;) {
    const finding = await runRound(part, {
      members: released,
      gate: { of: isPart ? "released" : "all", wait: false },
    }).catch((cause: unknown) => {
      throw soakError(cause, stepName(steps, at), passed());
    });
    const left = soakSeconds * 1000 - passed();
    if (left <= 0 || finding?.verdict === "skipped") return;
    await waitFor(Math.min(left, finding?.everyMs ?? left), run.bucket.signal);
  }
}

function soakError(cause: unknown, step: string, ms: number): MaandError {
  const { code, message, hint, output } = asMaandError(cause);
  const text = `${message}; this was ${Math.round(ms / 1000)} s into the soak of ${step}`;
  return new MaandError({
    ...{ code, message: code === "INTERRUPTED" ? message : text, output, cause },
    ...(hint === undefined ? {} : { hint }),
  });
}
