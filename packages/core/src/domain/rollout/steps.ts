/** The steps of a staged rollout, as in a manifest, and the length of the soak after each step. */
export interface StagedRollout {
  /** `1`, `25%`, `pause` or `10m`; counts increase, and so do shares; the last step is `100%`. */
  readonly steps: readonly string[];
  /** Seconds for which the health of the job is checked repeatedly after each step; 0 for one check. */
  readonly soakSeconds: number;
}

/**
 * One step. `count` and `share` say how many of the job's active allocations run the release after the step. `pause`
 * waits for manual approval, `wait` for a duration.
 */
export type RolloutStep =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "share"; readonly percent: number }
  | { readonly kind: "pause" }
  | { readonly kind: "wait"; readonly ms: number };

/** The last step of each rollout. */
export const LAST_STEP = "100%";

/**
 * The strings that {@link parseStep} accepts, as a pattern for editors. A count is at most 99999, a wait at most 99
 * days.
 */
export const STEP_PATTERN =
  "^(?:pause|[1-9]\\d{0,4}|(?:[1-9]\\d?|100)%|[1-9]\\d{0,4}s|[1-9]\\d{0,3}m|[1-9]\\d{0,2}h|[1-9]\\d?d)$";

const STEP = new RegExp(STEP_PATTERN);
const SECOND = 1000;
const UNITS = new Map([
  ["s", SECOND],
  ["m", 60 * SECOND],
  ["h", 3600 * SECOND],
  ["d", 86_400 * SECOND],
]);

/** The milliseconds of a written duration, such as `90s` or `10m`; undefined for any other string. */
export function parseDuration(text: string): number | undefined {
  const step = parseStep(text);
  return step?.kind === "wait" ? step.ms : undefined;
}

/** Parses a step; undefined for an invalid string. */
export function parseStep(text: string): RolloutStep | undefined {
  if (!STEP.test(text)) return undefined;
  if (text === "pause") return { kind: "pause" };
  const number = Number.parseInt(text, 10);
  if (text.endsWith("%")) return { kind: "share", percent: number };
  const unit = UNITS.get(text.slice(-1));
  return unit === undefined ? { kind: "count", count: number } : { kind: "wait", ms: number * unit };
}

/** Whether a step only pauses or waits. */
export function isGate(text: string | undefined): boolean {
  const kind = parseStep(text ?? "")?.kind;
  return kind === "pause" || kind === "wait";
}

/**
 * The number of allocations, out of `active`, that run the release after a step; undefined for a gate. A share is
 * rounded up.
 */
export function reachOf(step: RolloutStep, active: number): number | undefined {
  if (step.kind === "count") return Math.min(step.count, active);
  return step.kind === "share" ? Math.ceil((active * step.percent) / 100) : undefined;
}

/** A problem of the steps as a whole. */
export interface StepProblem {
  /** The index of the step; undefined for all of them. */
  readonly at: number | undefined;
  readonly message: string;
  readonly hint: string;
}

/**
 * Checks that counts increase, that percentages increase, and that the last step is {@link LAST_STEP}. Ignores invalid
 * steps, because the schema reports them.
 */
export function stepProblems(steps: readonly unknown[]): StepProblem[] {
  const problems: StepProblem[] = [];
  const last: { count: number; share: number } = { count: 0, share: 0 };
  for (const [at, text] of steps.entries()) {
    const step = typeof text === "string" ? parseStep(text) : undefined;
    const refuse = (message: string, hint: string) => void problems.push({ at, message, hint });
    if (step?.kind === "pause" && steps[at - 1] === "pause") refuse("is a second pause in a row", "write it once");
    if (step?.kind !== "count" && step?.kind !== "share") continue;
    const size = step.kind === "count" ? step.count : step.percent;
    if (last.share === 100)
      refuse(`comes after ${LAST_STEP}, which is the last step`, `move it before ${LAST_STEP}, or leave it out`);
    else if (size <= last[step.kind])
      refuse(`"${text}" is not more than the step before it`, "each step must reach more allocations than the last");
    last[step.kind] = Math.max(last[step.kind], size);
  }
  if (steps.at(-1) === LAST_STEP) return problems;
  const hint = `write "${LAST_STEP}" as the last step`;
  return [
    ...problems,
    { at: undefined, message: `do not end with ${LAST_STEP}, so the rollout would never be complete`, hint },
  ];
}

/** The properties of an active allocation that the steps depend on. */
export interface StepMember {
  readonly host: string;
  /** Whether it runs the release, or the deploy does not change it. */
  readonly isDone: boolean;
  /** Whether it is processed before the others because it is unhealthy, failed or in doubt. */
  readonly priority: boolean;
}

/** A step that remains: the hosts to roll out to, or none for a gate. */
export interface StepPart {
  /** Index of the step. */
  readonly step: number;
  readonly hosts: readonly string[];
}

/**
 * The steps from `from` on, for `members` in rollout order. Each pending allocation appears in exactly one step. Steps
 * that add nothing are omitted, as are gates with nothing after them. The step `from` itself remains even if it adds
 * nothing, because its soak may not have ended.
 */
export function remainingParts(steps: readonly string[], from: number, members: readonly StepMember[]): StepPart[] {
  const due = members.filter(({ isDone }) => !isDone);
  const queue = [...due.filter(({ priority }) => priority), ...due.filter(({ priority }) => !priority)];
  const parts: StepPart[] = [];
  let done = members.length - due.length;
  for (const [at, text] of steps.entries()) {
    const step = parseStep(text);
    if (at < from || !step) continue;
    const reach = reachOf(step, members.length);
    if (reach === undefined) {
      if (queue.length > 0) parts.push({ step: at, hosts: [] });
      continue;
    }
    const hosts = queue.splice(0, Math.max(0, reach - done)).map(({ host }) => host);
    done += hosts.length;
    if (hosts.length > 0 || at === from) parts.push({ step: at, hosts });
  }
  return parts;
}

/** The parts up to and including the first pause, where a deploy ends. */
export function upToPause(steps: readonly string[], parts: readonly StepPart[]): readonly StepPart[] {
  const pause = parts.findIndex(({ step }) => steps[step] === "pause");
  return pause === -1 ? parts : parts.slice(0, pause + 1);
}
