import { releaseName } from "../release/release.ts";
import { isGate, parseStep } from "./steps.ts";

/** A staged rollout that is not complete, as stored. */
export interface OpenRollout {
  readonly job: string;
  /** The number of the release that is rolled out. */
  readonly release: number;
  /** The number of the release that ran before; undefined if unknown. */
  readonly previous: number | undefined;
  /** Index of the step that is next or under way. */
  readonly step: number;
  /** ISO time at which the rollout reached that step. */
  readonly since: string;
  /** ISO time at which a timed wait ends. */
  readonly until: string | undefined;
  /** ISO time at which the rollout started. */
  readonly startedAt: string;
  /** The user that started it. */
  readonly startedBy: string;
}

/** The state of a staged rollout. `under_way` includes a failure or an interruption within a step. */
export type StepState = "paused" | "waiting" | "under_way";

/** The state of a rollout whose next step is `text`. */
export function stepState(text: string | undefined): StepState {
  const kind = parseStep(text ?? "")?.kind;
  return kind === "pause" ? "paused" : kind === "wait" ? "waiting" : "under_way";
}

/** The properties of a job that its staged rollout depends on. */
export interface SteppedJob {
  readonly release?: number;
  readonly rollout?: { readonly steps: readonly string[] };
}

/**
 * Whether a rollout is at a pause or a timed wait. This is false if a build has replaced the release of the rollout.
 */
export function isAtGate({ release, rollout }: SteppedJob, open: OpenRollout | undefined): boolean {
  return open !== undefined && open.release === release && isGate(rollout?.steps[open.step]);
}

/** `step 2 of 5 (pause)`. */
export function stepName(steps: readonly string[], at: number): string {
  return `step ${at + 1} of ${steps.length} (${steps[at]})`;
}

/** The remaining time of a timed wait, in milliseconds: at most the full wait, even if the clock was changed. */
export function remainingMs(until: string, now: Date, whole: number): number {
  const left = Date.parse(until) - now.getTime();
  return Number.isFinite(left) ? Math.min(Math.max(left, 0), whole) : whole;
}

/** The commands that end the pause of a job. */
export function nextCommands(job: string, previous: number | undefined): string {
  const back = previous === undefined ? "back" : `back to ${releaseName(previous)}`;
  return `maand rollout resume ${job} continues; maand rollout abort ${job} goes ${back}`;
}
